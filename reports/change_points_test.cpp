#include "reports/change_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace nsbench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What a made-up series does: its level, as a fraction of 10,000 ns, at the i-th of n values.
using Level = std::function<double(std::size_t i, std::size_t n)>;

struct Sample {
  std::size_t n = 60;
  double scatter = 0.01;  // standard deviation of the log
  double outliers = 0;    // the fraction of values that are twice as large
  std::uint64_t seed = 1;
};

std::vector<double> series(const Level& level, const Sample& sample = {}) {
  std::mt19937_64 random(sample.seed);
  const auto uniform = [&random] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
  std::vector<double> values;
  for (std::size_t i = 0; i < sample.n; ++i) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double normal = radius * std::cos(2 * 3.14159265358979323846 * uniform());
    const bool outlier = uniform() < sample.outliers;
    values.push_back(10'000 * (1 + level(i, sample.n)) * std::exp(sample.scatter * normal) *
                     (outlier ? 2 : 1));
  }
  return values;
}

double none(std::size_t, std::size_t) { return 0; }
Level step(double size) {
  return [size](std::size_t i, std::size_t n) { return i < n / 2 ? 0 : size; };
}
Level drift(double size) {
  return [size](std::size_t i, std::size_t n) {
    return size * static_cast<double>(i) / static_cast<double>(n);
  };
}

// Of 100 series with seeds of their own: how many satisfy `what`.
template <class What>
int of_many(const Level& level, Sample sample, What what) {
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sample.seed = seed;
    count += what(find_change_points(series(level, sample))) ? 1 : 0;
  }
  return count;
}

std::vector<std::size_t> places(const ChangePoints& found) {
  std::vector<std::size_t> all;
  for (const Step& one : found.steps) all.push_back(one.first_after);
  return all;
}

TEST(ChangePoints, AStepIsFoundWhereItIs) {
  const ChangePoints found = find_change_points(series(step(0.05)));
  ASSERT_THAT(found.steps, SizeIs(1));
  EXPECT_THAT(found.drifts, IsEmpty());
  const Step& one = found.steps.front();
  EXPECT_EQ(one.last_before, 29U);
  EXPECT_EQ(one.first_after, 30U);
  EXPECT_NEAR(one.before, 10'000, 50);
  EXPECT_NEAR(one.after, 10'500, 50);
  EXPECT_LE(one.p, 0.005);
  EXPECT_EQ(found.used, 60U);
}

TEST(ChangePoints, TheNewestThreeValuesAreEnough) {
  const Level at_the_end = [](std::size_t i, std::size_t n) { return i + 3 < n ? 0 : 0.08; };
  EXPECT_THAT(places(find_change_points(series(at_the_end, {.n = 20}))), ElementsAre(17));
}

TEST(ChangePoints, TwoStepsUpAndUpThenDown) {
  const Level stairs = [](std::size_t i, std::size_t) {
    return 0.05 * std::floor(static_cast<double>(i) / 20);
  };
  EXPECT_THAT(places(find_change_points(series(stairs))), ElementsAre(20, 40));
  const Level bump = [](std::size_t i, std::size_t) { return i >= 50 && i < 58 ? 0.05 : 0; };
  EXPECT_THAT(places(find_change_points(series(bump, {.n = 150}))), ElementsAre(50, 58));
}

// Alpha is 0.01: 400 series without a step may have 4 with one, and 12 with a chance of 1 in 1,000.
TEST(ChangePoints, SeriesWithoutAStepHaveNone) {
  int alarms = 0;
  for (const std::size_t n : {11, 20, 40, 100}) {
    alarms +=
        of_many(none, {.n = n}, [](const ChangePoints& found) { return !found.steps.empty(); });
  }
  EXPECT_LE(alarms, 12);
}

// As counts are, or a clock that ticks coarsely: most values are equal.
TEST(ChangePoints, CoarseValuesHaveNoStepEither) {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::vector<double> values = series(none, {.n = 60, .scatter = 0.004, .seed = seed});
    for (double& value : values) value = std::round(value / 100) * 100;
    alarms += find_change_points(values).steps.empty() ? 0 : 1;
  }
  EXPECT_LE(alarms, 5);
}

TEST(ChangePoints, OutliersAreNotSteps) {
  const Sample sample{.n = 60, .outliers = 0.03};
  EXPECT_LE(of_many(none, sample, [](const auto& found) { return !found.steps.empty(); }), 6);
  // And do not hide one.
  EXPECT_GE(of_many(step(0.05), sample,
                    [](const auto& found) {
                      return found.steps.size() == 1 && found.steps[0].first_after >= 29 &&
                             found.steps[0].first_after <= 31;
                    }),
            90);
}

TEST(ChangePoints, ADriftIsOneDriftAndNoStaircase) {
  EXPECT_GE(
      of_many(drift(0.10), {.n = 60},
              [](const auto& found) { return found.steps.empty() && found.drifts.size() == 1; }),
      90);
  const ChangePoints found = find_change_points(series(drift(0.30), {.n = 100}));
  ASSERT_THAT(found.drifts, SizeIs(1));
  EXPECT_EQ(found.drifts[0].first, 0U);
  EXPECT_EQ(found.drifts[0].last, 99U);
  EXPECT_NEAR(found.drifts[0].before, 10'000, 200);
  EXPECT_NEAR(found.drifts[0].after, 13'000, 300);
  // However long it goes on.
  EXPECT_THAT(places(find_change_points(series(drift(0.30), {.n = 500}))), IsEmpty());
}

TEST(ChangePoints, AStepBeforeADriftStaysAStep) {
  const Level both = [](std::size_t i, std::size_t) {
    return i < 50 ? 0 : 0.10 + 0.002 * static_cast<double>(i - 50);
  };
  const ChangePoints found = find_change_points(series(both, {.n = 100}));
  EXPECT_THAT(places(found), ElementsAre(50));
  ASSERT_THAT(found.drifts, SizeIs(1));
  EXPECT_EQ(found.drifts[0].first, 50U);
}

TEST(ChangePoints, ShortSeriesSayNothing) {
  EXPECT_EQ(change_points_need(), 11U);
  for (std::size_t n = 0; n < change_points_need(); ++n) {
    EXPECT_THAT(find_change_points(series(step(1), {.n = n})).steps, IsEmpty()) << n;
  }
  EXPECT_THAT(find_change_points(series(step(1), {.n = 12})).steps, SizeIs(1));
}

TEST(ChangePoints, EqualValuesHaveNoStep) {
  EXPECT_THAT(find_change_points(series(none, {.scatter = 0})).steps, IsEmpty());
  // A clock that counts instructions: hardly any scatter, and a step that stands out.
  EXPECT_THAT(places(find_change_points(series(step(0.02), {.scatter = 0}))), ElementsAre(30));
}

TEST(ChangePoints, WhatIsMissingIsSteppedOver) {
  std::vector<double> values = series(step(0.05));
  values[29] = std::numeric_limits<double>::quiet_NaN();
  values[30] = 0;
  values[31] = -1;
  values[3] = std::numeric_limits<double>::infinity();
  const ChangePoints found = find_change_points(values);
  ASSERT_THAT(found.steps, SizeIs(1));
  EXPECT_EQ(found.steps[0].last_before, 28U);
  EXPECT_EQ(found.steps[0].first_after, 32U);
  EXPECT_EQ(found.used, 56U);
  EXPECT_EQ(found.missing, 4U);
}

TEST(ChangePoints, StepsUnderTheThresholdAreLeftOut) {
  const std::vector<double> values = series(step(0.02), {.n = 200, .scatter = 0.005});
  EXPECT_THAT(find_change_points(values).steps, SizeIs(1));
  EXPECT_THAT(find_change_points(values, {.threshold = 0.03}).steps, IsEmpty());
}

TEST(ChangePoints, AreTheSameInAnyUnit) {
  std::vector<double> values = series(step(0.05));
  const std::vector<std::size_t> before = places(find_change_points(values));
  for (double& value : values) value *= 1e-6;
  EXPECT_EQ(places(find_change_points(values)), before);
}

TEST(BestSplit, IsWhatTheDefinitionGives) {
  // By hand: parts {0, 1} and {5, 6}. Across: 5 + 6 + 4 + 5 = 20, mean 5; within 1 and 1.
  // Q = 2 * 2 / 4 * (2 * 5 - 1 - 1).
  const EnergySplit split = best_split(std::vector<double>{0, 1, 5, 6}, 2);
  EXPECT_EQ(split.at, 2U);
  EXPECT_NEAR(split.q, 8, 1e-12);
  EXPECT_EQ(best_split(std::vector<double>{0, 1, 5}, 2).at, 0U);
  EXPECT_EQ(best_split(std::vector<double>{3, 3, 3, 3}, 2).at, 0U);
  EXPECT_EQ(best_split({}, 2).at, 0U);
}

}  // namespace
}  // namespace nsbench
