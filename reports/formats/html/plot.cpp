#include "reports/formats/html/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/formats/amount.h"
#include "reports/formats/comparison_parts.h"
#include "reports/formats/markup.h"
#include "reports/statistics.h"

namespace nsbench::html {
namespace {

constexpr double width = 1000;
constexpr int height = 14;  // of one line of a plot
// What has a place on an axis: times in ns and bytes are well inside; a report can hold anything.
constexpr double smallest = 1e-9, largest = 1e18;
constexpr double longest_reach = 20;  // a log ratio

int place(const LogAxis& axis, double value) {
  return static_cast<int>(std::lround(axis.at(value)));
}

std::string grid(const LogAxis& axis, const std::vector<Tick>& ticks, int bottom) {
  std::string path;
  for (const Tick& tick : ticks) path += fmt::format("M{} 0V{}", place(axis, tick.value), bottom);
  return path.empty() ? path : fmt::format("<path class=g d={}/>", fmt::format("\"{}\"", path));
}

std::string open_svg(int bottom) {
  return fmt::format(
      "<svg class=strip viewBox=\"0 0 1000 {}\" preserveAspectRatio=none aria-hidden=true>",
      bottom);
}

// 1, 2, 5, 10, 20, ..: `each_decade` is 3 for all of these, 1 for the powers of ten.
std::vector<double> round_values(double low, double high, int each_decade) {
  std::vector<double> values;
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double value = power * step;
      if ((each_decade == 3 || step == 1) && value >= low && value <= high) values.push_back(value);
    }
  }
  return values;
}

}  // namespace

LogAxis::LogAxis(const std::vector<double>& values) : low_(0), high_(0) {
  for (const double value : values) {
    if (!(value >= smallest) || !(value <= largest)) continue;
    low_ = low_ > 0 ? std::min(low_, value) : value;
    high_ = std::max(high_, value);
  }
  if (high_ <= 0) {
    low_ = 1;
    high_ = 10;
  }
  // So that nothing is drawn on the edge, and equal values have a place.
  const double margin = std::max(0.03 * std::log(high_ / low_), 0.02);
  low_ *= std::exp(-margin);
  high_ *= std::exp(margin);
}

LogAxis LogAxis::around_one(double reach) {
  if (!(reach < longest_reach)) reach = longest_reach;
  return {std::exp(-reach), std::exp(reach)};
}

double LogAxis::at(double value) const {
  if (!(value > low_)) return 0;
  return std::min(width, width * std::log(value / low_) / std::log(high_ / low_));
}

bool LogAxis::holds(double value) const { return value >= low_ && value <= high_; }

Quantiles quantiles_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto q = [&samples](double p) { return quantile(samples, p); };
  return {samples.front(), q(0.25), q(0.5), q(0.75), q(0.9), q(0.99), samples.back()};
}

std::vector<Tick> amount_ticks(const LogAxis& axis, std::string_view unit) {
  const bool wide = axis.high() / axis.low() > 50;
  std::vector<double> values = round_values(axis.low(), axis.high(), wide ? 1 : 3);
  if (values.size() < 2) values = {std::sqrt(axis.low() * axis.high())};
  constexpr std::size_t most = 6;
  std::vector<Tick> ticks;
  const std::size_t step = (values.size() + most - 1) / most;
  for (std::size_t i = 0; i < values.size(); i += step) {
    const text::Unit of = text::unit_for(values[i] * 1.0001, unit);
    ticks.push_back({values[i], fmt::format("{:.3g} {}", values[i] / of.size, of.name)});
  }
  return ticks;
}

std::vector<Tick> ratio_ticks(const LogAxis& axis) {
  constexpr std::array steps{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0};
  const double reach = axis.high() - 1;
  double step = steps.back();
  for (const double one : steps) {
    if (one > 0.4 * reach && one <= 0.9 * reach) {
      step = one;
      break;
    }
  }
  std::vector<Tick> ticks;
  for (const double value : {1 / (1 + step), 1.0, 1 + step}) {
    if (!axis.holds(value)) continue;
    ticks.push_back({value, value == 1 ? "0" : text::change_of(value)});
  }
  return ticks;
}

std::string axis_labels(const LogAxis& axis, const std::vector<Tick>& ticks) {
  std::string out = "<svg class=axis aria-hidden=true>";
  for (const Tick& tick : ticks) {
    const double x = axis.at(tick.value) / 10;
    const std::string_view anchor = x < 12 ? "start" : x > 88 ? "end" : "middle";
    out += fmt::format("<text x=\"{:.1f}%\" y=11 text-anchor={}>{}</text>", x, anchor,
                       markup::xml(tick.label));
  }
  return out + "</svg>";
}

std::string strip(const LogAxis& axis, const std::vector<Tick>& ticks,
                  const std::vector<Quantiles>& all) {
  const int bottom = height * static_cast<int>(all.size());
  std::string out = open_svg(bottom) + grid(axis, ticks, bottom);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Quantiles& q = all[i];
    if (!(q.max > 0)) continue;
    const int y = height * static_cast<int>(i) + height / 2;
    const int left = place(axis, q.p25);
    const int right = std::max(place(axis, q.p75), left + 3);
    out += fmt::format("<path class=\"w s{}\" d=\"M{} {}H{}M{} {}v4M{} {}v6M{} {}h0\"/>", i,
                       place(axis, q.min), y, place(axis, q.p99), place(axis, q.p90), y - 2,
                       place(axis, q.p99), y - 3, place(axis, q.max), y);
    out +=
        fmt::format("<path class=\"b s{}\" d=\"M{} {}H{}v8H{}z\"/><path class=m d=\"M{} {}v10\"/>",
                    i, left, y - 4, right, left, place(axis, q.p50), y - 5);
  }
  return out + "</svg>";
}

std::string forest(const LogAxis& axis, const std::vector<Tick>& ticks, double ratio,
                   const std::optional<Interval>& interval, std::string_view css_class) {
  std::string out = open_svg(height) + grid(axis, ticks, height) +
                    fmt::format("<path class=o d=\"M{} 0V{}\"/>", place(axis, 1), height);
  std::string path;
  if (interval) {
    path += fmt::format("M{} 7H{}", place(axis, interval->low), place(axis, interval->high));
    path += axis.holds(interval->low) ? fmt::format("M{} 4v6", place(axis, interval->low))
                                      : std::string("M12 3L0 7L12 11");
    path += axis.holds(interval->high) ? fmt::format("M{} 4v6", place(axis, interval->high))
                                       : std::string("M988 3L1000 7L988 11");
  }
  if (!path.empty()) out += fmt::format("<path class=\"i {}\" d=\"{}\"/>", css_class, path);
  if (axis.holds(ratio)) {
    out += fmt::format("<path class=\"r {}\" d=\"M{} 7h0\"/>", css_class, place(axis, ratio));
  }
  return out + "</svg>";
}

std::vector<int> thinned(std::vector<double> samples, std::size_t limit) {
  std::erase_if(samples, [](double value) { return !(value > 0) || !std::isfinite(value); });
  std::sort(samples.begin(), samples.end());
  const std::size_t kept = std::min(samples.size(), limit);
  const double step = std::log(1.002);
  std::vector<int> out;
  int before = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    // Also said in page.js, which knows of each point which share of all is at or below it.
    const std::size_t index =
        kept < 2 ? 0 : (2 * i * (samples.size() - 1) + (kept - 1)) / (2 * (kept - 1));
    const int at = static_cast<int>(std::lround(std::log(samples[index]) / step));
    out.push_back(at - before);
    before = at;
  }
  return out;
}

}  // namespace nsbench::html
