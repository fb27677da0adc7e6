#include "suites/history/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "reports/inference.h"
#include "reports/statistics.h"

namespace nsbench::history {
namespace {

constexpr std::array<std::string_view, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

double middle_of(std::span<const double> values) {
  std::vector<double> known;
  for (const double value : values) {
    if (std::isfinite(value)) known.push_back(value);
  }
  return median(std::move(known));
}

}  // namespace

std::vector<Bucket> buckets(std::size_t count, std::size_t columns) {
  columns = std::min(count, columns);
  std::vector<Bucket> all;
  for (std::size_t i = 0; i < columns; ++i) {
    all.push_back({i * count / columns, (i + 1) * count / columns});
  }
  return all;
}

Sparkline sparkline(std::span<const double> values, std::size_t columns) {
  std::vector<double> heights;
  for (const Bucket& bucket : buckets(values.size(), columns)) {
    heights.push_back(middle_of(values.subspan(bucket.begin, bucket.end - bucket.begin)));
  }
  std::vector<double> known;
  std::copy_if(heights.begin(), heights.end(), std::back_inserter(known),
               [](double height) { return std::isfinite(height); });
  if (known.empty()) return {std::string(heights.size(), ' '), 0, 0};
  std::sort(known.begin(), known.end());
  constexpr double tail = 0.025;
  constexpr double least_reach = 0.04;
  Sparkline line{.low = quantile(known, tail), .high = quantile(known, 1 - tail)};
  const double missing = least_reach * quantile(known, 0.5) - (line.high - line.low);
  if (missing > 0) {
    line.low -= missing / 2;
    line.high += missing / 2;
  }
  for (const double height : heights) {
    if (!std::isfinite(height)) {
      line.bars += ' ';
      continue;
    }
    const double place = line.high > line.low ? (height - line.low) / (line.high - line.low) : 0.5;
    line.bars += bars[static_cast<std::size_t>(std::clamp(place, 0.0, 0.999) * bars.size())];
  }
  return line;
}

}  // namespace nsbench::history
