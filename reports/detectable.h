// How small a change a comparison would have found: its power, from the scatter of its own data.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "reports/report.h"

namespace nsbench {

// "Found" means in 95 of 100 repetitions of the same measurement.
inline constexpr double detection_power = 0.95;

// From how many starts of the workers on these have a say, and from how many by their signs. A few
// say more by Student's t; but how a process comes to lie in memory has heavy tails, and one start
// of many that is a third off must not outweigh all others.
inline constexpr std::size_t starts_for_t = 3;
inline constexpr std::size_t starts_for_signs = 15;

// Whether the starts, each with the median log ratio of its pairs, bear out a change in the
// direction of `log_ratio`: one-sided, at `alpha`. Two starts have to have its sign.
bool bear_out(std::span<const double> starts, double log_ratio, double alpha);

// The rule that decides pairs of neighbours: a sign test at `alpha`, a median over `gate`, and
// starts that bear it out at `outer_alpha`. All in log ratios.
struct PairRule {
  double alpha = 0.01;
  double outer_alpha = 0.01;
  double gate = 0;
};
// The smallest log ratio that the rule would have found in `differences` (of pairs, whatever their
// own median is) from starts with the medians `starts` (under three: not asked). Each part of the
// rule is given what it misses at a given change, and the misses are added, so that the answer errs
// to the careful side:
// - the sign test and the median's gate count pairs over a line; how many there would be follows
//   from the scatter of the pairs around their median, taken to be symmetric, as it is where
//   neighbours take turns in being first; past the largest, an exponential tail is assumed;
// - the same goes for the starts where their signs are counted; else the t test's power is the
//   noncentral t distribution's.
// Infinite where the sign test has too few pairs.
double detectable_change(std::span<const double> differences, std::span<const double> starts,
                         const PairRule& rule);

// The rule that decides runs: Welch's t at `alpha`, two-sided, and a difference over `gate`.
struct MeanRule {
  double alpha = 0.01;
  double gate = 0;
};
// The smallest difference that it would have found, whose standard error was estimated with `df`
// degrees of freedom.
double detectable_change(double seen_error, double df, const MeanRule& rule);

// The smallest slowdown, as a fraction, that a comparison in lock step with as many batches on each
// side as the series has would have found (one start, alpha 0.01, a gate of 1 %), from how much its
// own neighbouring batches differ. Those are further apart in time than neighbours in lock step
// are, so this is the careful side. nullopt: too few batches, or nothing to be compared.
std::optional<double> detectable_in(const Series& series);

}  // namespace nsbench
