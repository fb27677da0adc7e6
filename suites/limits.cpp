#include "suites/limits.h"

#include <cmath>

namespace nsbench {

RunLimits limits_of(const Plan& plan, int patience) {
  constexpr double least_for_checks = 120;
  constexpr double for_each_check = 0.5;
  constexpr double least_for_benchmarks = 300;
  constexpr double times_planned = 3;
  const auto seconds = [patience](double span) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(span * patience)));
  };
  return {.checks =
              seconds(least_for_checks + for_each_check * static_cast<double>(plan.checks.size())),
          .benchmarks = seconds(least_for_benchmarks + times_planned * plan.benchmark_seconds())};
}

}  // namespace nsbench
