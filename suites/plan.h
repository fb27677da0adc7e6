// What a run is going to do: a pure function of what was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "probes/check.h"
#include "reports/result.h"
#include "suites/suite.h"

namespace nsbench {

struct Selection {
  const Suite* suite = &all_suites.front();
  bool checks = true;
  bool benchmarks = true;
  std::string filter;      // an ECMAScript regular expression, searched for in the case id
  double seconds = 0;      // per benchmark; 0: the suite's own
  double budget = 0;       // for all benchmarks together; 0: the suite's own
  int repeat = 1;          // how often each check is run, and by how much benchmarks are prolonged
  std::uint64_t seed = 1;  // orders the cases
  bool sys_admin = true;   // whether root's benchmarks are possible here
};

struct Plan {
  // Real cases and their controls, in random order by seed.
  std::vector<CheckCase> checks;
  std::vector<BenchCase> benchmarks;
  std::vector<double> seconds;  // of each benchmark, with all that is not timed
  double budget = 0;            // what was asked for, 0: nothing was
  std::size_t left_out = 0;     // benchmarks of the suite that the budget had no room for
  [[nodiscard]] double benchmark_seconds() const;  // of all
};

// The least that a benchmark needs: five batches of 0.1 s.
inline constexpr double least_seconds = 0.5;

// Deals a budget out to benchmarks of these tiers: each gets least_seconds, the core first and then
// the standard tier, as long as there is something left, and those that come too late nothing (0).
// Then each core operation gets up to `seconds_per_core`. The rest is shared: by those of the other
// tiers alike up to that, and beyond it by all alike.
std::vector<double> deal_out(double budget, const std::vector<Tier>& tiers,
                             double seconds_per_core);

// Every probe by every way and privilege that can exist, each followed by its control (a positive
// control is part of its case).
std::vector<CheckCase> all_check_cases();

// A filter matches a control through the id of its real case: one is never run without the other.
// It chooses from the suite; what it names that is not in it is run where it leaves nothing of
// that. An Error names the part of the filter that is no regular expression.
Result<Plan> make_plan(const Selection& selection);

}  // namespace nsbench
