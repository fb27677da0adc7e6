// Where the level of a series of measurements changed: steps and drifts, as a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace nsbench {

// The method, E-Divisive (Matteson and James, JASA 109, 2014), over the logarithms of the values:
// - Outliers are drawn in first, by a Hampel filter: what is more than 4 deviations (1.4826 times
//   the median distance in the whole series) away from the median of the 7 values around it is
//   moved to that distance.
// - A stretch is split where Q = mn/(m+n) times the energy distance of its two parts (the mean
//   distance between values of both, twice, less the mean distances within each) is largest.
// - The split stands if hardly any random order of the stretch has a larger Q anywhere: a
//   permutation test, which knows that the best place was searched for. Both parts are then split
//   again.
// - A stretch that is not split is looked at once more, in overlapping windows of 12 to 256 values
//   (each half of the next longer; Kovacs et al., Biometrika 110, 2023), for what came and went
//   again. The same test, over all windows together.
// - What was found is moved to the best place between its neighbours, and tested there again.
// - Steps under the threshold are dropped, the smallest first.
// - A drift would be a staircase without end. So neighbouring steps in one direction are compared
//   with one straight line over the same stretch, both by BIC with the mean absolute deviation
//   (levels are medians, the line's slope a median too): where the line is better it is a Drift.
// The test supposes that the values could stand in any order if nothing changed. Runs whose machine
// has its moods, hours long, break that: then these are found.
struct ChangePointOptions {
  double alpha = 0.01;  // the chance of finding a step in a series without one; half in each look
  // Of stretches up to 300 values, and of longer ones: fewer, since time grows with both, and no
  // two random orders of so many are alike. 1 / (permutations + 1) is the smallest p there can be.
  std::size_t permutations = 999;
  std::size_t permutations_of_long = 199;
  std::size_t min_segment = 3;  // values between two steps; at least 2
  double threshold = 0.01;      // a fraction: smaller changes are not reported
  std::uint64_t seed = 1;       // of the permutations: the same data get the same answer
};
inline constexpr std::string_view change_point_method = "e-divisive";
inline constexpr std::size_t long_stretch = 300;

// Indices are those of the values that were given.
struct Step {
  std::size_t last_before = 0;  // neighbours, but for what is missing between them
  std::size_t first_after = 0;
  double before = 0, after = 0;  // the medians from the step before and to the next one
  double p = 1;
};
struct Drift {
  std::size_t first = 0, last = 0;
  double before = 0, after = 0;  // of the line, at both ends
};
struct ChangePoints {
  std::vector<Step> steps;    // ascending
  std::vector<Drift> drifts;  // ascending
  std::size_t used = 0;       // values that were looked at
  std::size_t missing = 0;    // not finite, or not over 0: those have no logarithm
};
ChangePoints find_change_points(std::span<const double> values,
                                const ChangePointOptions& options = {});

// Fewer values than this can't show a step, however large.
std::size_t change_points_need(const ChangePointOptions& options = {});

// The best place to split `values` (finite): the first index of the second part, and its Q. 0 and 0
// where the values are fewer than two segments, or all equal.
struct EnergySplit {
  std::size_t at = 0;
  double q = 0;
};
EnergySplit best_split(std::span<const double> values, std::size_t min_segment);

}  // namespace nsbench
