#include "reports/formats/html/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace nsbench::html {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LogAxis, EqualRatiosAreEqualDistances) {
  const LogAxis axis(std::vector<double>{10, 1000});
  EXPECT_NEAR(axis.at(100), 500, 0.5);
  EXPECT_NEAR(axis.at(1000) - axis.at(100), axis.at(100) - axis.at(10), 1e-9);
  EXPECT_EQ(axis.at(1), 0);
  EXPECT_EQ(axis.at(1e9), 1000);
}

TEST(LogAxis, HasAPlaceForWhateverItIsGiven) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& values :
       {std::vector<double>{}, {0, -1, nan, infinite}, {5, 5, 5}}) {
    const LogAxis axis(values);
    EXPECT_GT(axis.high(), axis.low());
    EXPECT_TRUE(std::isfinite(axis.at(5)));
  }
}

TEST(Ticks, AreFewAndRound) {
  const std::vector<Tick> ticks = amount_ticks(LogAxis(std::vector<double>{90, 12'000'000}), "ns");
  ASSERT_LE(ticks.size(), 6U);
  EXPECT_EQ(ticks.front().label, "100 ns");
  EXPECT_EQ(ticks.back().label, "10 ms");
  const std::vector<Tick> ratios = ratio_ticks(LogAxis::around_one(0.06));
  ASSERT_EQ(ratios.size(), 3U);
  EXPECT_EQ(ratios[1].label, "0");
  EXPECT_EQ(ratios[2].label, "+5.0%");
}

// Powers of ten from the smallest number on are 0 for ever, and below infinity there is no last
// one.
TEST(Ticks, OfTheSmallestAndTheLargestNumbersComeToAnEnd) {
  for (const std::vector<double>& values :
       {std::vector<double>{5e-324}, {1.7e308}, {5e-324, 1.7e308}}) {
    EXPECT_LE(amount_ticks(LogAxis(values), "ns").size(), 6U);
  }
  for (const double reach : {1e308, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(std::isfinite(LogAxis::around_one(reach).high()));
  }
}

TEST(Forest, AnEndBeyondTheAxisIsAnArrow) {
  const LogAxis axis = LogAxis::around_one(0.05);
  EXPECT_THAT(forest(axis, {}, 1.01, Interval{0.99, 1.03}, "same"), Not(HasSubstr("L1000 7")));
  EXPECT_THAT(forest(axis, {}, 1.01, Interval{0.99, 1.3}, "same"), HasSubstr("L1000 7"));
}

TEST(Thinned, KeepsTheEndsAndTheShape) {
  std::vector<double> samples(5000);
  std::iota(samples.begin(), samples.end(), 1000.0);
  const std::vector<int> steps = thinned(samples, 160);
  ASSERT_EQ(steps.size(), 160U);
  const auto value = [](int steps) { return std::pow(1.002, steps); };
  EXPECT_NEAR(value(steps.front()), 1000, 2);
  EXPECT_NEAR(value(std::accumulate(steps.begin(), steps.end(), 0)), 5999, 10);
  EXPECT_NEAR(value(std::accumulate(steps.begin(), steps.begin() + 80, 0)), 3490, 20);
}

TEST(Thinned, LeavesFewAsTheyAreAndDropsWhatHasNoLogarithm) {
  EXPECT_EQ(thinned({3, 1, 2}, 160).size(), 3U);
  EXPECT_EQ(thinned({0, -1, std::nan(""), 7}, 160).size(), 1U);
  EXPECT_TRUE(thinned({}, 160).empty());
}

}  // namespace
}  // namespace nsbench::html
