// From a report to a decision, and the one table of exit codes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace nsbench {

enum class ExitCode : std::uint8_t {
  Ok = 0,       // all holds
  Failed = 1,   // isolation is broken, or a regression
  Usage = 2,    // usage or bad input
  Unknown = 3,  // could not tell: Broken, interrupted, nothing checked
};

// For --help, the manual and the README: what each code means.
std::string_view meaning(ExitCode code);
// Which of two wins: 2, then 1, then 3, then 0.
ExitCode worse(ExitCode a, ExitCode b);

struct Summary {
  // Real cases by verdict; controls are counted apart.
  int pass = 0, fail = 0, skip = 0, broken = 0;
  int controls_leaked = 0, controls_total = 0;  // of the controls that ran
  int series = 0, series_failed = 0, series_skipped = 0;
};
Summary summarise(const Report& report);

struct Decision {
  ExitCode code = ExitCode::Ok;
  std::vector<std::string> reasons;  // one sentence each, the gravest first
  // "ok", "fail" or "unknown": how reports spell it
  [[nodiscard]] std::string_view id() const;
};
Decision decide(const Report& report);

// "2 cases failed: pid/a:clone:root, pid/b:clone:root": a reason that names the first few ids.
std::string named(const std::vector<std::string>& ids, std::string_view one, std::string_view many);

}  // namespace nsbench
