#include "reports/gate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void add_case(Report& report, const std::string& id, VerdictKind verdict) {
  CaseResult result;
  result.id = *CaseId::parse(id);
  result.verdict = verdict;
  if (verdict == VerdictKind::Skip) result.skip = SkipReason::NoPrivilege;
  report.cases.push_back(std::move(result));
}

Series& add_series(Report& report, std::uint64_t calls, std::uint64_t failures) {
  Series& series = report.series.emplace_back();
  series.id = *CaseId::parse("create/net:clone:root");
  series.calls = calls;
  series.failures = failures;
  return series;
}

Report one_case(VerdictKind verdict) {
  Report report;
  add_case(report, "uts/hostname:clone:root", verdict);
  return report;
}

TEST(Gate, EachVerdictHasItsExitCode) {
  EXPECT_EQ(decide(one_case(VerdictKind::Pass)).code, ExitCode::Ok);
  EXPECT_EQ(decide(one_case(VerdictKind::Fail)).code, ExitCode::Failed);
  EXPECT_EQ(decide(one_case(VerdictKind::Broken)).code, ExitCode::Unknown);
  EXPECT_THAT(decide(one_case(VerdictKind::Pass)).reasons, IsEmpty());
}

TEST(Gate, ASkipIsFineBesideSomethingThatWasChecked) {
  Report report = one_case(VerdictKind::Pass);
  add_case(report, "time/offset:clone3:root", VerdictKind::Skip);
  EXPECT_EQ(decide(report).code, ExitCode::Ok);
}

TEST(Gate, NothingCheckedIsUnknown) {
  EXPECT_EQ(decide(Report()).code, ExitCode::Unknown);
  const Decision decision = decide(one_case(VerdictKind::Skip));
  EXPECT_EQ(decision.code, ExitCode::Unknown);
  EXPECT_THAT(decision.reasons,
              ElementsAre("nothing was checked and nothing was timed (1 skipped)"));
  Report only_a_control;
  add_case(only_a_control, "uts/hostname:clone:root:control", VerdictKind::Pass);
  EXPECT_EQ(decide(only_a_control).code, ExitCode::Unknown);
}

TEST(Gate, TimesAloneAreEnough) {
  Report report = one_case(VerdictKind::Skip);
  add_series(report, 100, 0);
  EXPECT_EQ(decide(report).code, ExitCode::Ok);
}

TEST(Gate, ASeriesWithAFailureOrWithoutACallIsUnknown) {
  for (const auto& [calls, failures] : {std::pair{100, 1}, std::pair{0, 0}}) {
    Report report = one_case(VerdictKind::Pass);
    add_series(report, calls, failures);
    const Decision decision = decide(report);
    EXPECT_EQ(decision.code, ExitCode::Unknown);
    EXPECT_THAT(decision.reasons, ElementsAre("1 benchmark failed: create/net:clone:root"));
  }
  Report skipped = one_case(VerdictKind::Pass);
  add_series(skipped, 0, 0).skip = SkipReason::Limit;
  EXPECT_EQ(decide(skipped).code, ExitCode::Ok);
}

TEST(Gate, ABrokenControlOrAnInterruptionIsUnknown) {
  Report report = one_case(VerdictKind::Pass);
  add_case(report, "uts/hostname:clone:root:control", VerdictKind::Broken);
  EXPECT_EQ(decide(report).code, ExitCode::Unknown);
  report = one_case(VerdictKind::Pass);
  report.run.interrupted = true;
  EXPECT_EQ(decide(report).code, ExitCode::Unknown);
  EXPECT_THAT(decide(report).reasons, ElementsAre("the run was interrupted"));
}

TEST(Gate, AFailWinsOverADoubtAndStandsFirst) {
  Report report = one_case(VerdictKind::Broken);
  for (const char* way : {"clone", "clone3", "unshare", "setns"}) {
    add_case(report, fmt::format("net/interfaces:{}:root", way), VerdictKind::Fail);
  }
  const Decision decision = decide(report);
  EXPECT_EQ(decision.code, ExitCode::Failed);
  EXPECT_EQ(decision.id(), "fail");
  ASSERT_EQ(decision.reasons.size(), 2U);
  EXPECT_EQ(decision.reasons[0],
            "4 cases failed: net/interfaces:clone:root, net/interfaces:clone3:root, "
            "net/interfaces:unshare:root and 1 more");
  EXPECT_THAT(decision.reasons[1], HasSubstr("1 case is broken: uts/hostname:clone:root"));
}

TEST(Gate, PrecedenceIsUsageFailedUnknownOk) {
  EXPECT_EQ(worse(ExitCode::Failed, ExitCode::Usage), ExitCode::Usage);
  EXPECT_EQ(worse(ExitCode::Unknown, ExitCode::Failed), ExitCode::Failed);
  EXPECT_EQ(worse(ExitCode::Ok, ExitCode::Unknown), ExitCode::Unknown);
  EXPECT_EQ(worse(ExitCode::Ok, ExitCode::Ok), ExitCode::Ok);
}

TEST(Gate, EveryCodeHasAMeaningOfItsOwn) {
  EXPECT_NE(meaning(ExitCode::Failed), meaning(ExitCode::Unknown));
  EXPECT_EQ(meaning(ExitCode::Ok), "all holds");
}

TEST(Gate, AKernelThatIsNotWellFails) {
  Report report = one_case(VerdictKind::Pass);
  report.kernel.splats = {{"oops", "Oops: 0002 [#1] PREEMPT SMP", "uts/hostname:clone:root"},
                          {"panic", "Kernel panic - not syncing: Fatal exception", ""}};
  const Decision decision = decide(report);
  EXPECT_EQ(decision.code, ExitCode::Failed);
  EXPECT_TRUE(decision.about_kernel);
  EXPECT_THAT(decision.reasons, ElementsAre("2 kernel splats, the first: Oops: 0002 [#1] PREEMPT "
                                            "SMP (while uts/hostname:clone:root ran)"));
  EXPECT_EQ(decide(report, {.cases = {}, .splats = {0, 1}}).code, ExitCode::Ok);
  EXPECT_EQ(decide(report, {.cases = {}, .splats = {0}}).code, ExitCode::Failed);
}

TEST(Gate, ACaseThatFailsComesBeforeASplat) {
  Report report = one_case(VerdictKind::Fail);
  report.kernel.splats = {{"oops", "Oops", ""}};
  EXPECT_THAT(decide(report).reasons,
              ElementsAre("1 case failed: uts/hostname:clone:root", "1 kernel splat: Oops"));
  EXPECT_FALSE(decide(report).about_kernel);
}

TEST(Summary, CountsControlsApartAndOnlyThoseThatRan) {
  const Summary summary = summarise(sample_report());
  EXPECT_EQ(summary.pass, 75);
  EXPECT_EQ(summary.fail, 2);
  EXPECT_EQ(summary.skip, 14);
  EXPECT_EQ(summary.broken, 1);
  EXPECT_EQ(summary.controls_total, 79);
  EXPECT_EQ(summary.controls_leaked, 78);
  EXPECT_EQ(summary.series, 11);
  EXPECT_EQ(summary.series_failed, 1);
  EXPECT_EQ(summary.series_skipped, 1);
}

}  // namespace
}  // namespace nsbench
