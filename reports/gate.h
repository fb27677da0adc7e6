// From a report to a decision, and the one table of exit codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace nsbench {

enum class ExitCode : std::uint8_t {
  Ok = 0,       // all holds
  Failed = 1,   // isolation is broken, the kernel was not well, or a regression
  Usage = 2,    // usage or bad input
  Unknown = 3,  // could not tell: Broken, interrupted, nothing checked
};

// For --help, the manual and the README: what each code means.
std::string_view meaning(ExitCode code);
// Which of two wins: 2, then 1, then 3, then 0.
ExitCode worse(ExitCode a, ExitCode b);
// What `git bisect run` is to be told (git-bisect(1)): 0 good, 1 bad, 125 skip this commit, 128
// stop. It takes 2 for a bad commit; this is the only status over 127.
int bisect_status(ExitCode code);

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
  bool about_kernel = false;  // the first reason is what the kernel said of itself: its splats
  // "ok", "fail" or "unknown": how reports spell it
  [[nodiscard]] std::string_view id() const;
};
Decision decide(const Report& report);

// What does not count, because a policy knows of it.
struct Excused {
  std::set<CaseId> cases;        // that fail; or benchmarks that fail or are slower
  std::set<std::size_t> splats;  // places in splats_of(), or in Comparison::splats
};
Decision decide(const Report& report, const Excused& excused);

// Adds `reason`, behind those that are there; the code becomes the worse of the two.
void add_reason(Decision& decision, ExitCode code, std::string reason);
// "2 kernel splats, the first: BUG: KASAN: ... (while net/veth:clone:root ran)"
std::string reason_of(const std::vector<const Splat*>& splats);

// "2 cases failed: pid/a:clone:root, pid/b:clone:root": a reason that names the first few ids.
std::string named(const std::vector<std::string>& ids, std::string_view one, std::string_view many);

}  // namespace nsbench
