#include "reports/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reports/json.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Comparison compared(const std::vector<Report>& base, const std::vector<Report>& now,
                    const CompareOptions& options = {}) {
  Result<Comparison> comparison = compare(base, now, options);
  EXPECT_TRUE(comparison.ok()) << comparison.error().str();
  return comparison ? *comparison : Comparison{};
}

Comparison compared(const SampleLockstep& sample, const CompareOptions& options = {}) {
  const SampleSides sides = in_lockstep(sample);
  return compared({sides.base}, {sides.now}, options);
}

// What one benchmark with 100 pairs in five starts is said to be.
SeriesComparison in_step(const SampleSeries& series, std::uint64_t seed = 1) {
  return compared({.series = {series}, .seed = seed}).series.at(0);
}

SeriesComparison in_runs(const SampleSeries& series, int runs, std::uint64_t seed = 1) {
  const SampleRuns all = in_turn({series}, runs, seed);
  return compared(all.base, all.now).series.at(0);
}

std::string word(const SeriesComparison& row) {
  return std::string(id(row.change)) + (row.code.empty() ? "" : " " + row.code);
}

auto has_code(const char* code) { return Contains(Field(&Warning::code, code)); }

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

TEST(Runs, EightOnEachSideDecide) {
  const SeriesComparison slower = in_runs({.change = 0.05, .start_scatter = 0.01}, 8);
  EXPECT_EQ(word(slower), "slower") << slower.reason;
  EXPECT_EQ(slower.base_n, 8U);
  EXPECT_EQ(word(in_runs({.start_scatter = 0.005}, 8)), "same");
  EXPECT_EQ(word(in_runs({.change = -0.05, .start_scatter = 0.01}, 8)), "faster");
}

TEST(Runs, SevenDoNotHoweverClearItLooks) {
  const SeriesComparison row = in_runs({.change = 0.5, .start_scatter = 0.001}, 7);
  EXPECT_EQ(word(row), "cannot-tell few-runs");
  EXPECT_THAT(row.reason, HasSubstr("7 and 7 runs; 8"));
  EXPECT_NEAR(*row.ratio, 1.5, 0.02);
  const SeriesComparison single = in_runs({.change = 0.5}, 1);
  EXPECT_EQ(word(single), "cannot-tell few-runs");
  EXPECT_FALSE(single.interval);
  EXPECT_FALSE(single.p);
}

// A hundred quiet batches in each run are not a hundred runs.
TEST(Runs, TheVarianceBetweenRunsIsTheError) {
  int decided = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SeriesComparison row = in_runs({.scatter = 0.001, .start_scatter = 0.05}, 8, seed);
    decided += row.change == Change::Slower || row.change == Change::Faster ? 1 : 0;
  }
  EXPECT_LE(decided, 1);
}

TEST(Runs, AnotherMachineClockOrWorkloadIsNotCompared) {
  const SampleRuns runs = in_turn({{.change = 0.1}}, 8);
  const auto with = [&](auto change) {
    SampleRuns changed = runs;
    change(changed.now[3]);
    return compared(changed.base, changed.now).series[0];
  };
  EXPECT_EQ(word(with([](Report& r) { r.kernel.machine_id = "other"; })),
            "cannot-tell other-machine");
  EXPECT_EQ(word(with([](Report& r) { r.environment.cpu_model = "other"; })),
            "cannot-tell other-machine");
  EXPECT_EQ(word(with([](Report& r) { r.kernel.engine = "qemu-kvm"; })),
            "cannot-tell other-machine");
  EXPECT_EQ(word(with([](Report& r) { r.kernel.clock = "instructions"; })),
            "cannot-tell other-clock");
  EXPECT_EQ(word(with([](Report& r) { r.run.workload_version = 7; })),
            "cannot-tell other-workload");
  EXPECT_EQ(word(with([](Report& r) { r.series[0].unit = "bytes"; })),
            "cannot-tell other-workload");
  EXPECT_EQ(word(with([](Report& r) { r.series[0].calls_per_timing = 16; })),
            "cannot-tell other-workload");
  EXPECT_THAT(with([](Report& r) { r.kernel.machine_id = "other"; }).reason, HasSubstr("'other'"));
}

TEST(Runs, AnEmulatorsClockDecidesNothingSmallBetweenTwoBuilds) {
  const auto emulated = [](double change) {
    SampleRuns runs = in_turn({{.change = change}}, 8);
    for (auto* side : {&runs.base, &runs.now}) {
      for (Report& report : *side) report.kernel.engine = "qemu-tcg";
    }
    return runs;
  };
  SampleRuns runs = emulated(0.1);
  EXPECT_EQ(word(compared(runs.base, runs.now).series[0]), "cannot-tell layout-bias");
  for (Report& report : runs.now) report.kernel.release = runs.base[0].kernel.release;
  EXPECT_EQ(word(compared(runs.base, runs.now).series[0]), "slower") << "one build";
  runs = emulated(0.3);
  EXPECT_EQ(word(compared(runs.base, runs.now).series[0]), "slower");
}

TEST(Runs, WarnWhereTheDesignIsWeak) {
  SampleRuns runs = in_turn({{}}, 8);
  EXPECT_THAT(compared(runs.base, runs.now).warnings, Not(has_code("one-boot")));
  EXPECT_THAT(compared(runs.base, runs.now).warnings, Not(has_code("not-interleaved")));
  for (Report& report : runs.now) report.kernel.boot_id = "one";
  for (Report& report : runs.now) report.run.started[0] = '3';
  runs.base[0].run.build_type = "debug";
  runs.base[1].warnings = {{"backlog", "16 net namespaces were pending"}};
  runs.base[2].warnings = runs.base[1].warnings;
  runs.base[3].environment.seccomp = "filter";
  const Comparison comparison = compared(runs.base, runs.now);
  for (const char* code : {"one-boot", "not-interleaved", "debug-build", "environment-differs"}) {
    EXPECT_THAT(comparison.warnings, has_code(code));
  }
  EXPECT_THAT(
      comparison.warnings,
      Contains(Field(&Warning::text, "base (2 of 8 reports): 16 net namespaces were pending")));
}

std::vector<Report> counting(const SampleSeries& series, bool is_new, int runs) {
  std::vector<Report> all;
  for (int i = 0; i < runs; ++i) {
    all.push_back(one_run({series}, is_new, 2 * i + (is_new ? 1 : 0)));
    all.back().kernel.clock = "instructions";
    all.back().kernel.engine = "qemu-tcg";
    all.back().kernel.machine_id = std::to_string(i) + (is_new ? "n" : "b");
  }
  return all;
}

TEST(Instructions, OneReportOfEachSideIsEnough) {
  const SampleSeries exact{.typical = 1637, .change = 0.03, .scatter = 0};
  const Comparison comparison = compared(counting(exact, false, 1), counting(exact, true, 1));
  EXPECT_EQ(comparison.procedure, Procedure::Instructions);
  EXPECT_EQ(word(comparison.series[0]), "slower");
  EXPECT_EQ(*comparison.series[0].p, 0);
  const SampleSeries none{.typical = 1637, .scatter = 0};
  EXPECT_EQ(word(compared(counting(none, false, 1), counting(none, true, 1)).series[0]), "same");
}

TEST(Instructions, WhatVariesFromBootToBootIsItsError) {
  const SampleSeries wild{.change = 0.02, .scatter = 0.0001, .start_scatter = 0.05};
  const SeriesComparison row =
      compared(counting(wild, false, 4), counting(wild, true, 4)).series[0];
  EXPECT_EQ(row.base_n, 4U);
  EXPECT_EQ(word(row), "cannot-tell noisy");
}

TEST(Instructions, OneBatchIsTooFew) {
  std::vector<Report> base = counting({}, false, 1);
  base[0].series[0].batches.resize(1);
  EXPECT_EQ(word(compared(base, counting({}, true, 1)).series[0]), "cannot-tell few-batches");
}

TEST(Compare, AFailedBenchmarkIsNoResult) {
  SampleSides sides = in_lockstep({.series = {{}, {.id = "create/ipc:unshare:root"}}});
  sides.now.series[0].failures = 1;
  sides.now.series[0].error = "unshare(CLONE_NEWUTS): ENOSPC";
  const Comparison comparison = compared({sides.base}, {sides.now});
  const auto& rows = comparison.series;
  const auto uts =
      std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.id.name == "uts"; });
  EXPECT_EQ(word(*uts), "cannot-tell failed");
  EXPECT_EQ(uts->reason, "new: unshare(CLONE_NEWUTS): ENOSPC");
  EXPECT_EQ(decide(comparison).code, ExitCode::Unknown) << "coverage is lost";
}

TEST(Compare, NothingInCommonIsAnError) {
  const SampleSides sides = in_lockstep({.series = {{}}});
  const SampleSides other = in_lockstep({.series = {{.id = "join/uts:setns:root"}}});
  const auto result = compare(std::vector{sides.base}, std::vector{other.now}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().str(), HasSubstr("no case in common"));
  EXPECT_THAT(compare({}, std::vector{sides.now}, {}).error().str(), HasSubstr("base"));
}

TEST(Compare, TheSameRunTwiceIsAnError) {
  const SampleRuns runs = in_turn({{}}, 2);
  const auto result = compare(std::vector{runs.base[0], runs.base[1], runs.base[0]}, runs.now, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().str(), "reports 1 and 3 of base are the same run");
  const SampleSides sides = in_lockstep({.series = {{}}});
  EXPECT_THAT(compare(std::vector{sides.base, sides.now}, std::vector{sides.now}, {}).error().str(),
              HasSubstr("both sides of one measurement"));
}

TEST(Compare, ExitCodes) {
  const auto code = [](const SampleLockstep& sample) { return decide(compared(sample)).code; };
  const SampleSeries slower{.change = 0.05};
  const SampleSeries same{.id = "join/uts:setns:root"};
  const SampleSeries noisy{.id = "create/net:unshare:root", .scatter = 0.3};
  EXPECT_EQ(code({.series = {slower, noisy}}), ExitCode::Failed);
  EXPECT_EQ(code({.series = {same, noisy}}), ExitCode::Ok);
  EXPECT_EQ(code({.series = {noisy}}), ExitCode::Unknown);
  const Decision decision = decide(compared({.series = {slower, same, noisy}}));
  EXPECT_THAT(decision.reasons, Contains("1 benchmark is slower: create/uts:unshare:root"));
}

}  // namespace
}  // namespace nsbench
