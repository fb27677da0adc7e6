#include "reports/inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace nsbench {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Values = std::vector<double>;
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

Values counting(std::size_t n) {
  Values values;
  for (std::size_t i = 1; i <= n; ++i) values.push_back(static_cast<double>(i));
  return values;
}

TEST(SignTest, IsTheFairCoins) {
  // Five of five: 2 / 32.
  EXPECT_DOUBLE_EQ(sign_test(Values{1, 2, 3, 4, 5}).p, 0.0625);
  // One of five: 2 * (1 + 5) / 32.
  EXPECT_DOUBLE_EQ(sign_test(Values{-1, 2, 3, 4, 5}).p, 0.375);
  EXPECT_DOUBLE_EQ(sign_test(Values{-1, 1}).p, 1);
}

TEST(SignTest, SizesDoNotMatterSoOneOutlierDoesNot) {
  EXPECT_EQ(sign_test(Values{-1, 1, 1, 1, 1, 1e9}).p, sign_test(Values{-1, 1, 1, 1, 1, 1}).p);
}

TEST(SignTest, DropsTiesAndWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  const SignTest test = sign_test(Values{0, 1, 0, -1, 1, nan, infinite});
  EXPECT_EQ(test.positive, 2U);
  EXPECT_EQ(test.negative, 1U);
  EXPECT_EQ(test.ties, 4U);
  EXPECT_DOUBLE_EQ(test.p, 1);
}

TEST(SignTest, NothingButTiesOrNothingAtAllIsNoEvidence) {
  EXPECT_EQ(sign_test(Values{0, 0, 0}).p, 1);
  EXPECT_EQ(sign_test({}).p, 1);
}

TEST(SignTest, CriticalCountIsTheFirstThatIsSignificant) {
  for (const std::size_t n : {8U, 20U, 100U, 999U, 3000U}) {
    const std::size_t critical = *sign_test_critical(n, 0.01);
    for (const bool enough : {true, false}) {
      Values values(enough ? critical : critical - 1, 1.0);
      values.resize(n, -1.0);
      EXPECT_EQ(sign_test(values).p <= 0.01, enough) << n;
    }
  }
  EXPECT_FALSE(sign_test_critical(7, 0.01));
  EXPECT_FALSE(sign_test_critical(0, 0.01));
  EXPECT_EQ(sign_test_needs(0.01), 8U);
  EXPECT_EQ(sign_test_needs(0.05), 6U);
}

// std::sort may do anything with a NaN among its values.
TEST(Median, LeavesOutWhatIsNoNumber) {
  Values values = counting(99);
  for (std::ptrdiff_t i = 0; i < 50; ++i) values.insert(values.begin() + 2 * i, nan_value);
  EXPECT_EQ(median(values), median(counting(99)));
  EXPECT_EQ(median_interval(values, 0.05)->low, median_interval(counting(99), 0.05)->low);
  EXPECT_TRUE(std::isnan(median({})));
  EXPECT_TRUE(std::isnan(median({nan_value})));
}

TEST(MedianInterval, IsBetweenTheRightOrderStatistics) {
  // n = 10 at 95 %: the 2nd and the 9th (Conover's table A4).
  const Interval interval = *median_interval(counting(10), 0.05);
  EXPECT_EQ(interval.low, 2);
  EXPECT_EQ(interval.high, 9);
  EXPECT_FALSE(median_interval(counting(5), 0.05));
  EXPECT_TRUE(median_interval(counting(6), 0.05));
  EXPECT_FALSE(median_interval({}, 0.05));
}

TEST(MedianInterval, OfEqualValuesIsAPointAndOneOutlierDoesNotMoveIt) {
  EXPECT_EQ(median_interval(Values(20, 3.0), 0.01)->low, 3);
  EXPECT_EQ(median_interval(Values(20, 3.0), 0.01)->high, 3);
  Values values = counting(20);
  values.back() = 1e12;
  EXPECT_EQ(median_interval(values, 0.01)->high, median_interval(counting(20), 0.01)->high);
}

TEST(WelchTest, IsWelchs) {
  // Welch's own kind of example: unequal variances and sizes (recomputed with scipy in
  // check_with_scipy.py, here by hand).
  const Values a{3, 4, 1, 2.1};
  const Values b{490.2, 340.0, 433.9};
  const MeanTest test = *welch_test(a, b, 0.05);
  EXPECT_NEAR(test.difference, 418.841667, 1e-6);
  EXPECT_NEAR(test.difference / test.error, 9.559497721932658, 1e-9);
  EXPECT_NEAR(test.df, 2.000852348856158, 1e-9);
  EXPECT_NEAR(test.p, 0.010751561149784485, 1e-12);
}

TEST(WelchTest, WithoutAnyVarianceIsCertain) {
  const MeanTest same = *welch_test(Values{7, 7, 7}, Values{7, 7}, 0.01);
  EXPECT_EQ(same.p, 1);
  EXPECT_EQ(same.interval.low, 0);
  const MeanTest other = *welch_test(Values{0.1, 0.1, 0.1}, Values{0.3, 0.3, 0.3}, 0.01);
  EXPECT_EQ(other.p, 0);
  EXPECT_EQ(other.error, 0);
  EXPECT_EQ(other.interval.low, other.interval.high);
}

TEST(WelchTest, OneValueSaysNothingOfItsError) {
  EXPECT_FALSE(welch_test(Values{1}, Values{1, 2, 3}, 0.01));
  EXPECT_FALSE(welch_test({}, {}, 0.01));
  EXPECT_FALSE(student_test(Values{1}, 0.01));
}

TEST(StudentTest, OneOutlierAmongEqualsIsNoEvidence) {
  EXPECT_GT(student_test(Values{0, 0, 0, 0, 0.15}, 0.01)->p, 0.3);
  EXPECT_LT(student_test(Values{0.03, 0.031, 0.029, 0.03, 0.032}, 0.01)->p, 1e-4);
}

TEST(Holm, StepsDownAndNeverUp) {
  EXPECT_THAT(holm(Values{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-15), DoubleNear(0.06, 1e-15), DoubleNear(0.06, 1e-15),
                          DoubleNear(0.02, 1e-15)));
  EXPECT_THAT(holm(Values{0.5, 0.9}), ElementsAre(DoubleEq(1), DoubleEq(1)));
  EXPECT_THAT(holm(Values{0.02}), ElementsAre(DoubleEq(0.02)));
  EXPECT_THAT(holm({}), IsEmpty());
}

TEST(GeometricMean, HalvesAndDoublesCancel) {
  EXPECT_DOUBLE_EQ(geometric_mean(Values{0.5, 2, 1}), 1);
  EXPECT_TRUE(std::isnan(geometric_mean({})));
  EXPECT_DOUBLE_EQ(median({4, 1, 3, 2}), 2.5);
}

// By R's binom.test().
TEST(ProportionInterval, AgreesWithKnownOnes) {
  const auto expect = [](std::size_t hits, std::size_t trials, double low, double high) {
    const Interval interval = proportion_interval(hits, trials, 0.05);
    EXPECT_NEAR(interval.low, low, 5e-5) << hits << " of " << trials;
    EXPECT_NEAR(interval.high, high, 5e-5) << hits << " of " << trials;
  };
  expect(0, 0, 0, 1);
  expect(0, 1, 0, 0.975);
  expect(1, 1, 0.025, 1);
  expect(0, 300, 0, 0.01222);
  expect(3, 300, 0.00207, 0.02894);
  expect(5, 10, 0.18709, 0.81291);
  expect(20, 20, 0.83157, 1);
}

TEST(Power, AtItsEnds) {
  EXPECT_EQ(at_least(10, 0, 0.5), 1);
  EXPECT_EQ(at_least(10, 11, 0.5), 0);
  EXPECT_DOUBLE_EQ(at_least(10, 10, 1), 1);
  EXPECT_DOUBLE_EQ(at_least(2, 1, 0.5), 0.75);
  EXPECT_NEAR(noncentral_t_above(student_quantile(0.99, 4), 4, 0), 0.01, 1e-9);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(student_quantile(0.975, infinite), 1.959964, 1e-6);
  EXPECT_NEAR(noncentral_t_above(1, infinite, 1), 0.5, 1e-12);
}

}  // namespace
}  // namespace nsbench
