#include "reports/detectable.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "reports/inference.h"

namespace nsbench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The distribution of how far a pair is from the median of all.
class Scatter {
 public:
  explicit Scatter(std::span<const double> differences) {
    const double middle = median({differences.begin(), differences.end()});
    for (const double d : differences) sizes_.push_back(std::abs(d - middle));
    std::sort(sizes_.begin(), sizes_.end());
  }

  [[nodiscard]] double largest() const { return sizes_.back(); }

  // How probable it is that a pair is over a line that lies `distance` under the median.
  [[nodiscard]] double above(double distance) const {
    const double inside = 0.5 * within(std::abs(distance));
    return distance < 0 ? 0.5 - inside : 0.5 + inside;
  }

 private:
  // P(|difference - median| <= size), linear between the plotting positions i / (n + 1).
  [[nodiscard]] double within(double size) const {
    const auto n = static_cast<double>(sizes_.size());
    if (size >= largest()) {
      if (!(largest() > 0)) return size > 0 ? 1 : 0;
      return 1 - std::pow(n + 1, -size / largest());
    }
    const auto next = std::upper_bound(sizes_.begin(), sizes_.end(), size);
    const auto rank = static_cast<double>(next - sizes_.begin());
    const double before = next == sizes_.begin() ? 0 : *(next - 1);
    const double part = (size - before) / (*next - before);
    return (rank + part) / (n + 1);
  }

  std::vector<double> sizes_;
};

// The smallest change at which what is missed is no more than is allowed. `missed` falls with the
// change; `scale` is a change of its order of magnitude.
double smallest(const std::function<double(double)>& missed, double scale) {
  constexpr double allowed = 1 - detection_power;
  double high = scale;
  while (missed(high) > allowed) {
    high *= 2;
    if (high > 1e3) return infinity;  // a log ratio: nothing is e^1000 times as slow
  }
  double low = 0;
  for (int step = 0; step < 60 && high - low > 1e-9 + high * 1e-6; ++step) {
    const double middle = low + (high - low) / 2;
    (missed(middle) > allowed ? low : high) = middle;
  }
  return high;
}

// A standard error from few values is too small more often than too large: what it would have to be
// to be either equally often (the median of chi-squared by Wilson and Hilferty, 1931).
double median_unbiased(double error, double df) {
  if (!std::isfinite(df)) return error;
  const double root = 1 - 2 / (9 * df);
  return error / std::sqrt(root * root * root);
}

// What a t test misses whose critical value is `critical`.
double missed_by_t(double change, double error, double df, double critical) {
  if (!(error > 0)) return 0;
  const double noncentrality = change / error;
  // Far out the noncentral t is slow and needless.
  if (noncentrality > 100 * critical) return 0;
  return 1 - noncentral_t_above(critical, df, noncentrality);
}

// What the starts, whatever their own median is, would not bear out of a change.
double missed_by_starts(std::span<const double> starts, double change, double alpha) {
  if (starts.size() < starts_for_t) return 0;
  if (starts.size() >= starts_for_signs) {
    const std::optional<std::size_t> critical = sign_test_critical(starts.size(), 2 * alpha);
    if (!critical) return 1;
    return 1 - at_least(starts.size(), *critical, Scatter(starts).above(change));
  }
  const MeanTest seen = *student_test(starts, alpha);
  const double critical = student_quantile(1 - alpha, seen.df);
  return missed_by_t(change, median_unbiased(seen.error, seen.df), seen.df, critical);
}

}  // namespace

bool bear_out(std::span<const double> starts, double log_ratio, double alpha) {
  const auto with_it = [&](double start) { return start * log_ratio > 0; };
  if (starts.size() < starts_for_t) return std::all_of(starts.begin(), starts.end(), with_it);
  if (starts.size() >= starts_for_signs) {
    const auto n = static_cast<std::size_t>(std::count_if(starts.begin(), starts.end(), with_it));
    return 2 * n > starts.size() && sign_test(starts).p <= 2 * alpha;
  }
  const std::optional<MeanTest> test = student_test(starts, 2 * alpha);
  return test->difference * log_ratio > 0 && test->p <= 2 * alpha;
}

double detectable_change(std::span<const double> differences, std::span<const double> starts,
                         const PairRule& rule) {
  const std::size_t n = differences.size();
  const std::optional<std::size_t> critical = sign_test_critical(n, rule.alpha);
  if (!critical) return infinity;
  const Scatter scatter(differences);
  const auto missed = [&](double change) {
    return 1 - at_least(n, *critical, scatter.above(change)) + 1 -
           at_least(n, n / 2 + 1, scatter.above(change - rule.gate)) +
           missed_by_starts(starts, change, rule.outer_alpha);
  };
  return smallest(missed, std::max({rule.gate, scatter.largest(), 1e-9}));
}

double detectable_change(double seen_error, double df, const MeanRule& rule) {
  const double error = median_unbiased(seen_error, df);
  const double critical = student_quantile(1 - rule.alpha / 2, df);
  const auto missed = [&](double change) {
    const double by_gate = error > 0            ? 1 - normal_below((change - rule.gate) / error)
                           : change > rule.gate ? 0.0
                                                : 1.0;
    return by_gate + missed_by_t(change, error, df, critical);
  };
  return smallest(missed, std::max({rule.gate, error, 1e-9}));
}

std::optional<double> detectable_in(const Series& series) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < series.batches.size(); ++i) {
    const double before = series.batches[i - 1].p25;
    const double now = series.batches[i].p25;
    if (before > 0 && now > 0) differences.push_back(std::log(now / before));
  }
  if (!series.is_result() || differences.empty()) return std::nullopt;
  const PairRule rule{.alpha = 0.01, .outer_alpha = 0.01, .gate = std::log(1.01)};
  const double change = detectable_change(differences, {}, rule);
  return std::isfinite(change) ? std::optional(std::expm1(change)) : std::nullopt;
}

}  // namespace nsbench
