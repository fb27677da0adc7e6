// Comparing runs, instruction counts, and what no comparison can be made of.
#include "reports/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reports/testdata/compared.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

SeriesComparison in_runs(const SampleSeries& series, int runs, std::uint64_t seed = 1) {
  const SampleRuns all = in_turn({series}, runs, seed);
  return compared(all.base, all.now).series.at(0);
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

// In ABBA order, so the drift is in the error of both sides and in the difference of none.
TEST(Runs, ADriftOverAllRunsIsNoChange) {
  for (const double drift : {0.01, 0.05}) {
    const SeriesComparison row = in_runs({.scatter = 0.001, .drift = drift}, 8);
    EXPECT_FALSE(row.change == Change::Slower || row.change == Change::Faster) << word(row);
  }
}

TEST(Runs, OneBadRunIsNoChange) {
  SampleRuns runs = in_turn({{.start_scatter = 0.003}}, 8);
  for (Batch& batch : runs.now[5].series[0].batches) batch.p25 *= 1.6;
  EXPECT_EQ(word(compared(runs.base, runs.now).series[0]), "cannot-tell noisy");
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

TEST(Runs, ForceComparesOtherMachinesAndWorkloadsAndSaysSo) {
  const auto forced = [](auto change) {
    SampleRuns runs = in_turn({{.change = 0.1}}, 8);
    for (Report& report : runs.now) change(report);
    return compared(runs.base, runs.now, {.force = true});
  };
  for (const Comparison& comparison : {forced([](Report& r) { r.environment.cpu_model = "other"; }),
                                       forced([](Report& r) { r.kernel.engine = "uml"; }),
                                       forced([](Report& r) { r.run.workload_version = 7; })}) {
    EXPECT_EQ(word(comparison.series[0]), "slower");
    EXPECT_THAT(comparison.warnings, has_code("forced"));
  }
  const Comparison clocks = forced([](Report& r) { r.kernel.clock = "instructions"; });
  EXPECT_EQ(word(clocks.series[0]), "cannot-tell other-clock");
  EXPECT_THAT(clocks.warnings, has_code("other-clock"));
  EXPECT_THAT(forced([](Report&) {}).warnings, Not(has_code("forced")));
}

TEST(Runs, WhyTimesAreNotComparedIsSaidForTheWhole) {
  SampleRuns runs = in_turn({{.change = 0.1}}, 8);
  for (Report& report : runs.now) report.kernel.engine = "qemu-kvm";
  const Comparison comparison = compared(runs.base, runs.now);
  EXPECT_THAT(comparison.warnings, has_code("other-machine"));
  EXPECT_EQ(decide(comparison).code, ExitCode::Unknown);
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
  // And nothing small is ruled out.
  runs = emulated(0);
  const Comparison nothing = compared(runs.base, runs.now);
  EXPECT_EQ(word(nothing.series[0]), "same");
  EXPECT_EQ(nothing.options.same_within(), 0.15);
  EXPECT_EQ(compared(runs.base, runs.now, {.margin = 0.02}).options.same_within(), 0.02);
  EXPECT_EQ(compared(runs.base, runs.now, {.threshold = 0.1}).options.same_within(), 0.1 * 3);
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
