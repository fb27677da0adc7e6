// Small plots as SVG, one a table row: they are there in print and without a script.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/inference.h"

namespace nsbench::html {

// From the smallest to the largest value that a column of plots shows, by their logarithms.
class LogAxis {
 public:
  // Any values; those that are not positive are left out. Without one: from 1 to 10.
  explicit LogAxis(const std::vector<double>& values);
  // Around 1, as far on either side: ratios. `reach` is a log.
  static LogAxis around_one(double reach);

  // 0 to 1000, in which the plots are drawn; values beyond the ends are at the ends.
  [[nodiscard]] double at(double value) const;
  [[nodiscard]] bool holds(double value) const;
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

 private:
  LogAxis(double low, double high) : low_(low), high_(high) {}
  double low_, high_;
};

// What of a distribution is drawn; all 0 if nothing is known.
struct Quantiles {
  double min = 0, p25 = 0, p50 = 0, p75 = 0, p90 = 0, p99 = 0, max = 0;
};
Quantiles quantiles_of(std::vector<double> samples);

struct Tick {
  double value;
  std::string label;
};
// "1 us", "10 us": of values in `unit`, few enough to be read.
std::vector<Tick> amount_ticks(const LogAxis& axis, std::string_view unit);
// "-5%", "0", "+5%": of ratios.
std::vector<Tick> ratio_ticks(const LogAxis& axis);

// The labels above a column of plots.
std::string axis_labels(const LogAxis& axis, const std::vector<Tick>& ticks);
// A box from p25 to p75 with its median, a line from the fastest to p99, ticks at p90 and p99, and
// a dot at the slowest. Several are drawn below each other, with classes s0, s1.
std::string strip(const LogAxis& axis, const std::vector<Tick>& ticks,
                  const std::vector<Quantiles>& all);
// A point and its interval against 1; an end beyond the axis is an arrow.
std::string forest(const LogAxis& axis, const std::vector<Tick>& ticks, double ratio,
                   const std::optional<Interval>& interval, std::string_view css_class);

// The points of an empirical distribution that a page keeps: at most `limit` of the order
// statistics, the first and the last among them, as whole steps of 0.2 % between neighbours; the
// first is in steps from 1.
std::vector<int> thinned(std::vector<double> samples, std::size_t limit);

}  // namespace nsbench::html
