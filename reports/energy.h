// The energy statistic of every split of a stretch of values: used by change_points.cpp alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "reports/change_points.h"

namespace nsbench {

// Sums of absolute distances are kept in a binary indexed tree over the ranks, so that all splits
// of n values take n log n steps together and not n squared.
class EnergyStretch {
 public:
  EnergyStretch(std::span<const double> values, std::size_t min_segment);
  // In the order that was given.
  EnergySplit best();
  // p of the best split, whose Q is `q`, by permutations. Stops as soon as p is over `alpha`.
  double p_of(double q, double alpha, const ChangePointOptions& options);

 private:
  struct Node {
    double count = 0;
    double sum = 0;
  };
  [[nodiscard]] EnergySplit best_of(const std::vector<std::uint32_t>& order);
  // The sum of distances from the value of `rank` to those in the tree, which it is then added to.
  double add(std::uint32_t rank, Node& all);

  std::size_t min_segment_;
  std::vector<double> sorted_;        // the different values, ascending
  std::vector<std::uint32_t> order_;  // the rank of each value, as they were given
  std::vector<double> to_all_;        // by rank: the sum of distances to all values
  double total_ = 0;                  // the sum of distances of all pairs
  std::vector<Node> tree_;
};

// The best split within one of many windows, as change_points.h tells, and its p. `at` is 0 where
// there is none.
struct WindowedSplit {
  std::size_t at = 0;
  double p = 1;
};
WindowedSplit best_in_windows(std::span<const double> values, double alpha,
                              const ChangePointOptions& options);

}  // namespace nsbench
