// Statistical inference: tests, intervals and corrections, as pure functions of plain numbers.
// The distributions are Boost.Math's; testdata/check_with_scipy.py recomputes all of it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace nsbench {

struct Interval {
  double low = 0;
  double high = 0;
};

// Of values in any order, of which NaN are left out; NaN if there are none.
double median(std::vector<double> values);
// exp of the mean of the logs; NaN if there are none. Values must be positive.
double geometric_mean(std::span<const double> values);

// The two-sided exact sign test of "the median is 0" (Conover, Practical Nonparametric Statistics,
// 3.4). Ties (values of exactly 0, or not finite) are dropped, as Dixon and Mood did: they say
// nothing of a direction. So where nearly all values are ties a few others can be significant; the
// size of the median has to be looked at as well, which ties do hold at 0.
struct SignTest {
  std::size_t positive = 0, negative = 0, ties = 0;
  double p = 1;  // 1 if there were only ties
};
SignTest sign_test(std::span<const double> values);
// How many of `n` values must have one sign for p <= alpha; nullopt if even all are too few.
std::optional<std::size_t> sign_test_critical(std::size_t n, double alpha);
// The smallest number of values without ties with which p <= alpha is possible.
std::size_t sign_test_needs(double alpha);

// The interval between two order statistics that covers the median with at least 1 - alpha,
// whatever the distribution (Conover 3.2; David and Nagaraja, Order Statistics, 7.1). nullopt if
// the values are too few for it: 8 for alpha = 0.01.
std::optional<Interval> median_interval(std::vector<double> values, double alpha);

// A difference of means with its error.
struct MeanTest {
  double difference = 0;
  double error = 0;   // standard error of the difference
  double df = 0;      // degrees of freedom; infinite where the error is 0
  double p = 1;       // two-sided
  Interval interval;  // at 1 - alpha
};
// mean(b) - mean(a) without equal variances: Welch (1947), degrees of freedom by Satterthwaite
// (1946). Where neither side varies at all, p is 0 or 1 and the interval is a point. nullopt with
// fewer than two values on a side.
std::optional<MeanTest> welch_test(std::span<const double> a, std::span<const double> b,
                                   double alpha);
// The mean of one sample against 0 by Student's t; nullopt with fewer than two values.
std::optional<MeanTest> student_test(std::span<const double> values, double alpha);

// p values corrected for being many, in their own order: the chance of even one false alarm among
// all stays under alpha, whatever their dependence (Holm 1979).
std::vector<double> holm(std::span<const double> p);

// P(X >= k) where X counts the successes of `n` trials of probability `q`.
double at_least(std::size_t n, std::size_t k, double q);
// The exact interval of a proportion, `hits` of `trials`, that covers it with at least 1 - alpha
// (Clopper and Pearson, Biometrika 26, 1934). 0 to 1 without trials.
Interval proportion_interval(std::size_t hits, std::size_t trials, double alpha);
// The p-quantile of Student's t.
double student_quantile(double p, double df);
// P(T > x) of the noncentral t distribution: the power of a t test whose true difference is
// `noncentrality` standard errors.
double noncentral_t_above(double x, double df, double noncentrality);
// P(X <= x) of the standard normal distribution.
double normal_below(double x);

}  // namespace nsbench
