// A line of small bars, for a terminal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nsbench::history {

// Which of the values stand in the i-th of `columns` bars: [begin, end), of `count` in all, with at
// least one in each. No more columns than values.
struct Bucket {
  std::size_t begin = 0, end = 0;
};
std::vector<Bucket> buckets(std::size_t count, std::size_t columns);

struct Sparkline {
  std::string bars;  // one character each; a space where there is no value
  // What the lowest and the highest bar stand for: at least 4 % apart, so that noise stays small,
  // and not further than where 19 of 20 values lie, so that an outlier does not press all others
  // flat.
  double low = 0, high = 0;
};
// NaN: no value. Of several values in one bar, the median.
Sparkline sparkline(std::span<const double> values, std::size_t columns);

}  // namespace nsbench::history
