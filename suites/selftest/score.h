// What came of each lie: pure functions of what was seen without and with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/case_id.h"
#include "reports/gate.h"
#include "reports/report.h"
#include "reports/result.h"
#include "suites/selftest/lie.h"
#include "suites/selftest/traced_run.h"

namespace nsbench::selftest {

// The verdict of every case under the tracer while no lie is told; controls are left out.
class Baseline {
 public:
  Baseline() = default;
  explicit Baseline(std::vector<CaseResult> cases) { add(std::move(cases)); }
  void add(std::vector<CaseResult> cases);
  [[nodiscard]] const std::vector<CaseResult>& cases() const { return cases_; }
  // Neither pass nor skip: nothing can be told by these.
  [[nodiscard]] std::vector<const CaseResult*> unfit() const;
  [[nodiscard]] bool knows(const CaseId& id) const { return verdicts_.contains(id); }
  [[nodiscard]] bool fit(const CaseId& id) const;
  [[nodiscard]] bool unfit(const CaseId& id) const { return knows(id) && !fit(id); }
  [[nodiscard]] bool skipped(const CaseId& id) const;

 private:
  std::vector<CaseResult> cases_;
  std::map<CaseId, VerdictKind> verdicts_;
};

struct LieOutcome {
  enum class Kind : std::uint8_t {
    Noticed,     // a case failed
    NotNoticed,  // none did
    LeftOut,     // its cases are skipped here without the lie, too
    Unknown,     // it could not be told
  };
  const Lie* lie = nullptr;
  Kind kind = Kind::Unknown;
  std::string why;  // for Unknown and NotNoticed
  std::vector<CaseId> failed;
  std::size_t passed = 0, skipped = 0, broken = 0;
  std::uint64_t changes = 0;
  double seconds = 0;
};
std::string_view id(LieOutcome::Kind kind);  // "noticed", "not-noticed", "left-out", "unknown"

LieOutcome judge_lie(const Lie& lie, const Baseline& baseline, const Result<TracedResult>& result);

struct SelftestReport {
  Baseline baseline;
  std::vector<LieOutcome> lies;
  bool complete = false;  // every lie was told
  // Each to all of its cases: then a probe that passed and that none of them turned is a suspect.
  bool thorough = false;
  double seconds = 0;

  // "family/name" of probes; none if the run was not thorough.
  [[nodiscard]] std::vector<std::string> suspects() const;
};

// How many lies about a family of properties were noticed, of those that were told.
struct FamilyScore {
  std::string family;
  std::size_t noticed = 0;
  std::size_t told = 0;
};
std::vector<FamilyScore> scores(const SelftestReport& report);

// Ok if each lie was noticed, Failed if one was not, Unknown if something could not be told.
ExitCode decide(const SelftestReport& report);

}  // namespace nsbench::selftest
