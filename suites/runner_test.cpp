// What the runner makes of a case that fails once: it asks again.
#include "suites/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "probes/sandbox/testing/in_arena.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;

int times_judged = 0;
int times_failing = 0;  // the first so many

Judgement judge(const Transcript& /*seen*/) {
  Judgement judgement;
  const bool fails = times_judged++ < times_failing;
  judgement.isolated("the test's own", "nothing", fails ? "something" : "nothing", !fails);
  return judgement;
}

void act(Scene& scene) { scene.seen.call("sethostname", ::sethostname("nsb-once", 8)); }

class Asked : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = testing::impossible({Kind::Uts}, privilege_)) GTEST_SKIP() << *why;
  }
  CaseResult run(int failing, bool asks_again) {
    times_judged = 0;
    times_failing = failing;
    const Act one{Side::Inside, "act", act};
    const Probe probe{.family = "uts",
                      .name = "asked",
                      .sentence = "the test's own rule",
                      .source = "this file",
                      .first_kernel = "2.6.19",
                      .namespaces = {Kind::Uts},
                      .ways = all_ways,
                      .privileges = all_privileges,
                      .acts = {&one, 1},
                      .judge = judge};
    Plan plan;
    plan.checks.push_back({&probe, {Method::Unshare, ""}, privilege_, false});
    RunnerOptions options;
    options.asks_again = asks_again;
    Report report;
    run_plan(plan, options, Support::look(), report);
    EXPECT_EQ(report.cases.size(), 1U);
    return report.cases.empty() ? CaseResult{} : report.cases.front();
  }

  Privilege privilege_ = testing::possible_privilege();
};

TEST_F(Asked, WhatFailsOnceIsBrokenAndSaysSo) {
  const CaseResult result = run(1, true);
  EXPECT_EQ(result.verdict, VerdictKind::Broken);
  EXPECT_THAT(result.observed, HasSubstr("it failed once, and not when it was run again, alone"));
  EXPECT_THAT(result.observed, HasSubstr("something"));
  EXPECT_EQ(times_judged, 2);
}

TEST_F(Asked, WhatFailsTwiceFails) {
  EXPECT_EQ(run(2, true).verdict, VerdictKind::Fail);
  EXPECT_EQ(times_judged, 2);
}

TEST_F(Asked, WhatHoldsIsNotAskedAgain) {
  EXPECT_EQ(run(0, true).verdict, VerdictKind::Pass);
  EXPECT_EQ(times_judged, 1);
}

TEST_F(Asked, UnlessItIsToNothingIsAskedAgain) {
  EXPECT_EQ(run(1, false).verdict, VerdictKind::Fail);
  EXPECT_EQ(times_judged, 1);
}

}  // namespace
}  // namespace nsbench
