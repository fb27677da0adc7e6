// How far nsbench's times are from those of the plain C loop.
#pragma once

#include <cstddef>
#include <vector>

namespace nsbench::accuracy {

// Two batches that were neighbours in time: the p50 of each, in ns.
struct Pair {
  double nsbench = 0;
  double reference = 0;
};

struct Ratio {
  double nsbench = 0;    // median of the p50s, ns
  double reference = 0;  // the same
  // Median of the pairs' ratios, and the order statistics around it that hold the true one with
  // 95 % (binomial distribution, by its normal approximation).
  double median = 1, low = 0, high = 0;
  std::size_t pairs = 0;
};

Ratio ratio_of(const std::vector<Pair>& pairs);

enum class Answer : unsigned char {
  Within,  // the whole interval is within the limit, or the median is and the interval meets 1
  Beyond,  // the whole interval is beyond it
  Unsure,
};
// `limit`: 0.02 for 2 %.
Answer judge(const Ratio& ratio, double limit);

}  // namespace nsbench::accuracy
