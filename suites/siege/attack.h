// One kill: a scenario that is ended at a moment, and what is looked at afterwards.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "reports/report.h"
#include "suites/siege/besieged.h"
#include "suites/siege/ground.h"
#include "suites/siege/scenario.h"

namespace nsbench::siege {

// What came of it.
struct Outcome {
  double moment = 0;                  // seconds after its start
  bool too_late = false;              // it had ended by itself
  bool too_early = false;             // it did not listen yet, and ended by the signal
  std::optional<double> end_seconds;  // from the signal that asked it to stop to its end
  std::optional<double> own_seconds;  // the same without the time for which it had no CPU
  double busy = 1;                    // how many times as long all takes here
  double clean_seconds = 0;           // from its end until nothing was left
  int broken = 0;                     // cases that were disturbed
  int ran_out = 0;                    // processes that the kernel killed when memory ended
  bool chosen = false;                // it was one of these itself
  int old_files = 0, fresh_files = 0, temporaries = 0;
  std::vector<std::string> failures;
};

class Attacks {
 public:
  // `kernels`: where the scenarios' kernels are.
  Attacks(const Ground& ground, std::string kernels);

  // Makes what the scenarios read, and the old reports.
  Status prepare() const;
  // Why the scenario can't be done here; empty: it can.
  [[nodiscard]] std::string missing(const Scenario& scenario) const;
  // The same of an ending.
  [[nodiscard]] std::string missing(Ending ending) const;
  Outcome make(const Scenario& scenario, Ending ending, std::mt19937_64& random);

 private:
  [[nodiscard]] std::vector<std::string> words(const Scenario& scenario,
                                               const std::string& reports) const;
  Status run_whole(const std::vector<std::string>& words, bool as_nobody) const;
  Status learn_verdicts(const std::vector<CaseId>& cases, bool as_nobody);
  Status lay_out(const Scenario& scenario, const std::string& directory) const;
  Status fill_disk(std::mt19937_64& random) const;
  std::optional<End> strike_children(Besieged& run, const Scenario& scenario, Ending ending,
                                     std::mt19937_64& random, Outcome& outcome) const;
  void judge_end(const Scenario& scenario, Ending ending, bool listened, const End& end,
                 const std::string& reports, Outcome& outcome);
  void judge_report(const Scenario& scenario, Ending ending, const End& end,
                    const std::string& reports, Outcome& outcome);
  void judge_verdicts(const Scenario& scenario, const Report& report, Outcome& outcome);

  const Ground& ground_;
  std::string kernels_;
  std::map<bool, std::map<CaseId, VerdictKind>> honest_;  // by as_nobody
};

}  // namespace nsbench::siege
