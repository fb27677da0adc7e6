#include "reports/inference.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "reports/statistics.h"

namespace nsbench {
namespace {

namespace bm = boost::math;
using bm::policies::policy;
// Nothing is thrown: what has no value is NaN or infinite. Doubles are not promoted: far more exact
// than any data, and smaller code.
using Quiet = policy<bm::policies::domain_error<bm::policies::ignore_error>,
                     bm::policies::pole_error<bm::policies::ignore_error>,
                     bm::policies::overflow_error<bm::policies::ignore_error>,
                     bm::policies::evaluation_error<bm::policies::ignore_error>,
                     bm::policies::promote_double<false>>;
using Binomial = bm::binomial_distribution<double, Quiet>;
using Normal = bm::normal_distribution<double, Quiet>;
using StudentsT = bm::students_t_distribution<double, Quiet>;
using NonCentralT = bm::non_central_t_distribution<double, Quiet>;

constexpr double infinity = std::numeric_limits<double>::infinity();

// P(X <= k) for X ~ Binomial(n, 1/2).
double fair_at_most(std::size_t n, std::size_t k) {
  return bm::cdf(Binomial(static_cast<double>(n), 0.5), static_cast<double>(k));
}

// The largest k with 2 P(X <= k) <= alpha for X ~ Binomial(n, 1/2): both the sign test's critical
// value and the rank of the interval's ends come from it.
std::optional<std::size_t> tail_rank(std::size_t n, double alpha) {
  std::size_t below = 0;  // every k under it is in the tail
  for (std::size_t above = (n + 1) / 2; below < above;) {
    const std::size_t k = below + (above - below) / 2;
    if (2 * fair_at_most(n, k) <= alpha) {
      below = k + 1;
    } else {
      above = k;
    }
  }
  return below > 0 ? std::optional(below - 1) : std::nullopt;
}

struct Moments {
  double n = 0;
  double mean = 0;
  double variance = 0;  // of a single value
};

Moments moments(std::span<const double> values) {
  Moments m;
  m.n = static_cast<double>(values.size());
  m.mean = std::accumulate(values.begin(), values.end(), 0.0) / m.n;
  for (const double value : values) m.variance += (value - m.mean) * (value - m.mean);
  m.variance /= m.n - 1;
  // Equal values must have no variance at all, not that of the last bit of their mean.
  if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; })) {
    m.mean = values[0];
    m.variance = 0;
  }
  return m;
}

MeanTest test_of(double difference, double error, double df, double alpha) {
  MeanTest test{.difference = difference, .error = error, .df = df};
  if (!(error > 0)) {
    test.df = infinity;
    test.p = difference == 0 ? 1 : 0;
    test.interval = {difference, difference};
    return test;
  }
  const StudentsT t(df);
  test.p = std::min(1.0, 2 * bm::cdf(bm::complement(t, std::abs(difference) / error)));
  const double half = bm::quantile(bm::complement(t, alpha / 2)) * error;
  test.interval = {difference - half, difference + half};
  return test;
}

// They have no place in an order: with them std::sort may do anything.
void drop_nan(std::vector<double>& values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
}

}  // namespace

double median(std::vector<double> values) {
  drop_nan(values);
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

double geometric_mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

SignTest sign_test(std::span<const double> values) {
  SignTest test;
  for (const double value : values) {
    if (std::isfinite(value) && value > 0) {
      ++test.positive;
    } else if (std::isfinite(value) && value < 0) {
      ++test.negative;
    } else {
      ++test.ties;
    }
  }
  const std::size_t n = test.positive + test.negative;
  if (n > 0) test.p = std::min(1.0, 2 * fair_at_most(n, std::min(test.positive, test.negative)));
  return test;
}

std::optional<std::size_t> sign_test_critical(std::size_t n, double alpha) {
  const std::optional<std::size_t> rank = tail_rank(n, alpha);
  return rank ? std::optional(n - *rank) : std::nullopt;
}

std::size_t sign_test_needs(double alpha) {
  std::size_t n = 1;
  while (n < 1000 && std::exp2(1 - static_cast<double>(n)) > alpha) ++n;
  return n;
}

std::optional<Interval> median_interval(std::vector<double> values, double alpha) {
  drop_nan(values);
  const std::optional<std::size_t> rank = tail_rank(values.size(), alpha);
  if (!rank) return std::nullopt;
  std::sort(values.begin(), values.end());
  return Interval{values[*rank], values[values.size() - 1 - *rank]};
}

std::optional<MeanTest> welch_test(std::span<const double> a, std::span<const double> b,
                                   double alpha) {
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const Moments ma = moments(a);
  const Moments mb = moments(b);
  const double va = ma.variance / ma.n;
  const double vb = mb.variance / mb.n;
  const double df = (va + vb) * (va + vb) / (va * va / (ma.n - 1) + vb * vb / (mb.n - 1));
  return test_of(mb.mean - ma.mean, std::sqrt(va + vb), df, alpha);
}

std::optional<MeanTest> student_test(std::span<const double> values, double alpha) {
  if (values.size() < 2) return std::nullopt;
  const Moments m = moments(values);
  return test_of(m.mean, std::sqrt(m.variance / m.n), m.n - 1, alpha);
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, p[order[i]] * static_cast<double>(p.size() - i));
    corrected[order[i]] = std::min(1.0, largest);
  }
  return corrected;
}

double at_least(std::size_t n, std::size_t k, double q) {
  if (k == 0) return 1;
  if (k > n) return 0;
  return bm::cdf(bm::complement(Binomial(static_cast<double>(n), std::clamp(q, 0.0, 1.0)),
                                static_cast<double>(k - 1)));
}

Interval proportion_interval(std::size_t hits, std::size_t trials, double alpha) {
  Interval interval{.low = 0, .high = 1};
  const auto k = static_cast<double>(hits);
  const auto n = static_cast<double>(trials);
  // Both ends would be found there too, but only as limits.
  if (hits > 0) interval.low = Binomial::find_lower_bound_on_p(n, k, alpha / 2);
  if (hits < trials) interval.high = Binomial::find_upper_bound_on_p(n, k, alpha / 2);
  return interval;
}

double student_quantile(double p, double df) {
  if (!std::isfinite(df)) return bm::quantile(Normal(), p);
  return bm::quantile(StudentsT(df), p);
}

double noncentral_t_above(double x, double df, double noncentrality) {
  if (!std::isfinite(df)) return normal_below(noncentrality - x);
  return bm::cdf(bm::complement(NonCentralT(df, noncentrality), x));
}

double normal_below(double x) { return bm::cdf(Normal(), x); }

}  // namespace nsbench
