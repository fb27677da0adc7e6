// Comparing what was measured in lock step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/json.h"
#include "reports/testdata/compared.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What one benchmark with 100 pairs in five starts is said to be.
SeriesComparison in_step(const SampleSeries& series, std::uint64_t seed = 1) {
  return compared({.series = {series}, .seed = seed}).series.at(0);
}

TEST(LockStep, FindsThreePercentAndSaysHowMuch) {
  const SeriesComparison row = in_step({.change = 0.03});
  EXPECT_EQ(word(row), "slower") << row.reason;
  EXPECT_NEAR(*row.ratio, 1.03, 0.006);
  EXPECT_LT(row.interval->low, *row.ratio);
  EXPECT_GT(row.interval->high, *row.ratio);
  EXPECT_LT(*row.p, 1e-6);
  EXPECT_EQ(row.pairs, 100U);
  EXPECT_EQ(row.starts, 5U);
  EXPECT_NEAR(row.base, 10'000, 100);
  EXPECT_NEAR(row.now, 10'300, 100);
  EXPECT_LT(*row.detectable, 0.025);
  EXPECT_EQ(word(in_step({.change = -0.03})), "faster");
}

TEST(LockStep, WhatIsTheSameIsShownToBe) {
  const SeriesComparison row = in_step({});
  EXPECT_EQ(word(row), "same") << row.reason;
  EXPECT_THAT(row.reason, IsEmpty());
}

TEST(LockStep, AChangeUnderTheThresholdIsNone) {
  EXPECT_EQ(word(in_step({.change = 0.005, .scatter = 0.001})), "same");
  const Comparison strict =
      compared({.series = {{.change = 0.005, .scatter = 0.001}}}, {.threshold = 0.002});
  EXPECT_EQ(word(strict.series[0]), "slower");
}

TEST(LockStep, AllEqualIsTheSame) {
  const SeriesComparison row = in_step({.scatter = 0});
  EXPECT_EQ(word(row), "same");
  EXPECT_EQ(*row.p, 1);
  EXPECT_NEAR(*row.detectable, 0.01, 1e-5) << "the threshold is all that has to be passed";
}

TEST(LockStep, ADriftOverBothSidesIsNoChange) {
  for (const double drift : {0.5, -0.3, 2.0}) {
    const SeriesComparison row = in_step({.scatter = 0.002, .drift = drift});
    EXPECT_EQ(word(row), "same") << drift << ": " << row.reason;
    EXPECT_EQ(word(in_step({.change = 0.03, .scatter = 0.002, .drift = drift})), "slower");
  }
}

TEST(LockStep, OutliersAreNoChangeAndHideNone) {
  EXPECT_EQ(word(in_step({.outliers = 0.1})), "same");
  EXPECT_EQ(word(in_step({.change = 0.03, .outliers = 0.1})), "slower");
}

TEST(LockStep, NoiseIsNotCalledTheSame) {
  const SeriesComparison row = in_step({.scatter = 0.3});
  EXPECT_EQ(word(row), "cannot-tell noisy");
  EXPECT_THAT(row.reason, HasSubstr("would have shown"));
  EXPECT_GT(*row.detectable, 0.1);
}

TEST(LockStep, OneBadStartOfOneSideIsNoChange) {
  SampleSides sides = in_lockstep({.series = {{}}});
  for (Batch& batch : sides.now.series[0].batches) {
    if (batch.start == 2) batch.p25 *= 1.4;
  }
  const SeriesComparison row = compared({sides.base}, {sides.now}).series[0];
  EXPECT_FALSE(row.change == Change::Slower || row.change == Change::Faster) << word(row);
}

// Every start differs a little: by the pairs alone, each counted as if it were independent, that is
// a change beyond doubt.
TEST(LockStep, StartsThatDisagreeAreNotOverruledByTheirPairs) {
  SampleSides sides = in_lockstep({.series = {{.scatter = 0.002}}});
  const double level[] = {1.03, 1.025, 1.02, 0.99, 1.03};
  for (Batch& batch : sides.now.series[0].batches) batch.p25 *= level[batch.start];
  const SeriesComparison row = compared({sides.base}, {sides.now}).series[0];
  EXPECT_LT(*row.p, 1e-6);
  EXPECT_EQ(word(row), "cannot-tell starts-differ");
  EXPECT_THAT(row.reason, HasSubstr("-0.9 to +3.0 %"));
}

TEST(LockStep, StartsThatDifferAreNotCalledTheSameEither) {
  SampleSides sides = in_lockstep({.series = {{.scatter = 0.002}}});
  const double level[] = {1.05, 0.96, 1.0, 1.04, 0.95};
  for (Batch& batch : sides.now.series[0].batches) batch.p25 *= level[batch.start];
  EXPECT_EQ(word(compared({sides.base}, {sides.now}).series[0]), "cannot-tell noisy");
}

TEST(LockStep, OneStartDecidesWithAWarning) {
  const Comparison one = compared({.series = {{.change = 0.03}}, .starts = 1, .pairs = 100});
  EXPECT_EQ(word(one.series[0]), "slower");
  EXPECT_THAT(one.warnings, has_code("few-starts"));
  EXPECT_THAT(compared({.series = {{}}}).warnings, Not(has_code("few-starts")));
}

TEST(LockStep, FewPairsDecideNothing) {
  const SeriesComparison row =
      compared({.series = {{.change = 0.5}}, .starts = 1, .pairs = 7}).series[0];
  EXPECT_EQ(word(row), "cannot-tell few-batches");
  EXPECT_THAT(row.reason, HasSubstr("7 pairs"));
  EXPECT_THAT(row.reason, HasSubstr("8 are needed"));
  EXPECT_NEAR(*row.ratio, 1.5, 0.05);
  EXPECT_EQ(word(compared({.series = {{.change = 0.5}}, .starts = 1, .pairs = 8}).series[0]),
            "slower");
}

// Of 200 simulated measurements, how many are told to have changed.
int told_of_200(const SampleSeries& series) {
  int told = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const SeriesComparison row = in_step(series, seed);
    told += row.change == Change::Slower || row.change == Change::Faster ? 1 : 0;
  }
  return told;
}

TEST(LockStep, AlarmsAreNotFalseAndThreePercentAreFound) {
  EXPECT_LE(told_of_200({.scatter = 0.02, .outliers = 0.05}), 1);
  EXPECT_LE(told_of_200({.scatter = 0.02, .start_scatter = 0.005}), 2);
  // Starts that differ by as much as the threshold: the sign test alone is wrong in 7 of 100.
  EXPECT_LE(told_of_200({.scatter = 0.01, .start_scatter = 0.01}), 5);
  EXPECT_GE(told_of_200({.change = 0.03, .scatter = 0.02, .outliers = 0.05}), 196);
  EXPECT_GE(told_of_200({.change = 0.03, .scatter = 0.02, .start_scatter = 0.005}), 186);
}

TEST(LockStep, SessionsAreFurtherStarts) {
  std::vector<Report> base;
  std::vector<Report> now;
  for (const std::uint64_t seed : {3U, 4U, 5U}) {
    const SampleSides sides =
        in_lockstep({.series = {{.change = 0.03}}, .starts = 1, .pairs = 10, .seed = seed});
    base.push_back(sides.base);
    now.insert(now.begin(), sides.now);  // their order does not matter
  }
  const Comparison comparison = compared(base, now);
  EXPECT_EQ(comparison.sessions, 3U);
  EXPECT_EQ(comparison.series[0].starts, 3U);
  EXPECT_EQ(comparison.series[0].pairs, 30U);
  EXPECT_EQ(word(comparison.series[0]), "slower") << comparison.series[0].reason;
}

TEST(LockStep, TheControlForbidsWhatItWouldSayItself) {
  SampleSides sides = in_lockstep({.series = {{.change = 0.05}}});
  const Comparison quiet = compared({sides.base}, {sides.now, sides.null});
  EXPECT_TRUE(quiet.has_null);
  EXPECT_EQ(word(quiet.series[0]), "slower");
  EXPECT_NEAR(*quiet.series[0].null_ratio, 1, 0.01);
  for (const double bias : {1.04, 0.96}) {
    SampleSides biased = sides;
    for (Batch& batch : biased.null.series[0].batches) batch.p25 *= bias;
    const SeriesComparison row = compared({biased.base}, {biased.now, biased.null}).series[0];
    EXPECT_EQ(word(row), "cannot-tell null-fired");
    EXPECT_THAT(row.reason, HasSubstr("second copy"));
  }
}

TEST(LockStep, TheControlCanBeLookedAtAlone) {
  const SampleSides sides = in_lockstep({.series = {{.change = 0.05}}});
  EXPECT_EQ(word(compared({sides.base}, {sides.null}).series[0]), "same");
}

TEST(LockStep, SaysTheSameOfSavedFiles) {
  const SampleSides sides = in_lockstep({.series = {{.change = 0.02}}});
  const Report base = *from_json(to_json(sides.base));
  const Report now = *from_json(to_json(sides.now));
  const SeriesComparison live = compared({sides.base}, {sides.now}).series[0];
  const SeriesComparison saved = compared({base}, {now}).series[0];
  EXPECT_EQ(live.change, saved.change);
  EXPECT_EQ(live.p, saved.p);
  EXPECT_NEAR(*live.ratio, *saved.ratio, 1e-6);
}

TEST(LockStep, CorrectsForManyAndCountsThem) {
  SampleLockstep many{.series = {{.scatter = 0.03}}};
  for (const char* kind : {"ipc", "pid", "mnt", "net", "user", "cgroup", "time"}) {
    many.series.push_back({.id = std::string("create/") + kind + ":unshare:root", .scatter = 0.03});
  }
  const Comparison comparison = compared(many);
  EXPECT_EQ(comparison.tested, 8U);
  const auto alone = [&](const SeriesComparison& row) {
    SampleSides sides = in_lockstep(many);
    const auto other = [&](const Series& series) { return series.id != row.id; };
    std::erase_if(sides.base.series, other);
    std::erase_if(sides.now.series, other);
    return *compared({sides.base}, {sides.now}).series[0].p;
  };
  for (const SeriesComparison& row : comparison.series) EXPECT_GE(*row.p, alone(row));
}

TEST(LockStep, AFamilyHasAMeanWithTheErrorOfItsStarts) {
  const Comparison comparison = compared(
      {.series = {
           {.change = 0.04}, {.id = "create/ipc:unshare:root"}, {.id = "join/uts:setns:root"}}});
  ASSERT_EQ(comparison.families.size(), 2U);
  const FamilyComparison& create = comparison.families[0];
  EXPECT_EQ(create.family, "create");
  EXPECT_EQ(create.cases, 2U);
  EXPECT_NEAR(create.ratio, 1.02, 0.005);
  ASSERT_TRUE(create.interval);
  EXPECT_LT(create.interval->low, create.ratio);
  EXPECT_GT(create.interval->high, create.ratio);
}

TEST(LockStep, ReportsWithoutAPartnerAreLeftOutAndThatIsSaid) {
  const SampleSides one = in_lockstep({.series = {{}}, .seed = 1});
  const SampleSides two = in_lockstep({.series = {{}}, .seed = 2});
  const Comparison comparison = compared({one.base, two.base}, {one.now});
  EXPECT_EQ(comparison.series[0].pairs, 100U);
  EXPECT_THAT(comparison.warnings, has_code("left-out"));
}

}  // namespace
}  // namespace nsbench
