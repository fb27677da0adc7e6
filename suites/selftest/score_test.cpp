#include "suites/selftest/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <vector>

#include "reports/pattern.h"
#include "suites/plan.h"
#include "suites/selftest/formats.h"

namespace nsbench::selftest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = LieOutcome::Kind;

CaseResult a_case(const char* id, VerdictKind verdict) {
  CaseResult result;
  result.id = *CaseId::parse(id);
  result.verdict = verdict;
  return result;
}

constexpr Lie lie{
    .name = "a_lie", .sentence = "", .row = "uts/hostname", .cases = "^uts/", .calls = {}};

const Baseline baseline({a_case("uts/hostname:clone:root", VerdictKind::Pass),
                         a_case("uts/hostname:clone:root:control", VerdictKind::Pass),
                         a_case("uts/hostname:clone:userns", VerdictKind::Skip),
                         a_case("uts/domainname:clone:root", VerdictKind::Broken),
                         a_case("uts/inherited:clone:root", VerdictKind::Pass)});

LieOutcome outcome_of(std::vector<CaseResult> cases, bool interrupted = false) {
  return judge_lie(lie, baseline, TracedResult{std::move(cases), interrupted, 1});
}

TEST(JudgeLie, AFailedCaseNoticed) {
  const LieOutcome outcome = outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Fail),
                                         a_case("uts/inherited:clone:root", VerdictKind::Pass)});
  EXPECT_EQ(outcome.kind, Kind::Noticed);
  EXPECT_THAT(outcome.failed, ElementsAre(*CaseId::parse("uts/hostname:clone:root")));
  EXPECT_EQ(outcome.passed, 1U);
}

TEST(JudgeLie, SkipAndBrokenAreNotEnough) {
  EXPECT_EQ(outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Skip)}).kind,
            Kind::NotNoticed);
  EXPECT_EQ(outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Broken)}).kind,
            Kind::NotNoticed);
}

TEST(JudgeLie, AControlIsNotAskedForItsVerdict) {
  EXPECT_EQ(outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Pass),
                        a_case("uts/hostname:clone:root:control", VerdictKind::Fail)})
                .kind,
            Kind::NotNoticed);
}

TEST(JudgeLie, WhatGoesWrongAnywayProvesNothing) {
  EXPECT_NE(outcome_of({a_case("uts/domainname:clone:root", VerdictKind::Fail)}).kind,
            Kind::Noticed);
}

TEST(JudgeLie, WhatIsSkippedAnywayLeavesTheLieOut) {
  EXPECT_EQ(outcome_of({a_case("uts/hostname:clone:userns", VerdictKind::Skip)}).kind,
            Kind::LeftOut);
}

TEST(JudgeLie, WithoutAnAnswerNothingIsTold) {
  EXPECT_EQ(outcome_of({}).kind, Kind::Unknown);
  EXPECT_EQ(outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Pass)}, true).kind,
            Kind::Unknown);
  const LieOutcome died = judge_lie(lie, baseline, Error{"the tracer killed by SIGKILL"});
  EXPECT_EQ(died.kind, Kind::Unknown);
  EXPECT_EQ(died.why, "the tracer killed by SIGKILL");
}

SelftestReport report_with(std::vector<LieOutcome> lies) {
  return {.baseline = baseline,
          .lies = std::move(lies),
          .complete = true,
          .thorough = true,
          .seconds = 1};
}

TEST(Baseline, WhatIsAddedIsKnown) {
  Baseline some({a_case("uts/hostname:clone:root", VerdictKind::Pass)});
  some.add({a_case("uts/domainname:clone:root", VerdictKind::Fail)});
  EXPECT_TRUE(some.fit(*CaseId::parse("uts/hostname:clone:root")));
  EXPECT_TRUE(some.unfit(*CaseId::parse("uts/domainname:clone:root")));
  EXPECT_FALSE(some.knows(*CaseId::parse("uts/inherited:clone:root")));
}

TEST(SelftestReport, AProbeThatNoLieTurnedIsASuspect) {
  const SelftestReport report =
      report_with({outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Fail)})});
  EXPECT_THAT(report.suspects(), ElementsAre("uts/inherited"));
}

TEST(SelftestReport, TheExitCodeIsTheWorstOutcome) {
  const LieOutcome noticed = outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Fail)});
  const LieOutcome missed = outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Pass)});
  const LieOutcome unknown = outcome_of({});
  EXPECT_EQ(decide(report_with({noticed})), ExitCode::Ok);
  EXPECT_EQ(decide(report_with({noticed, unknown})), ExitCode::Unknown);
  EXPECT_EQ(decide(report_with({noticed, unknown, missed})), ExitCode::Failed);
  EXPECT_EQ(decide(report_with({})), ExitCode::Unknown);
}

TEST(SelftestReport, TheTableSaysWhoNoticedAndWhoDidNot) {
  const std::string text =
      to_text(report_with({outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Fail)}),
                           outcome_of({a_case("uts/hostname:clone:root", VerdictKind::Skip)})}));
  EXPECT_THAT(text, HasSubstr("1 of 1: uts/hostname:clone:root"));
  EXPECT_THAT(text, HasSubstr("NOT NOTICED: 0 pass, 1 skip, 0 broken"));
  EXPECT_THAT(text, HasSubstr("1 of 2 lies were noticed"));
  EXPECT_THAT(text, HasSubstr("uts/domainname:clone:root broken"));
}

// Each lie of the program, by the tables alone.
TEST(Lies, HaveNamesOfTheirOwnAndSayWhatTheyBreak) {
  std::set<std::string_view> names;
  for (const Lie* one : all_lies()) {
    EXPECT_TRUE(names.insert(one->name).second) << one->name << " is told twice";
    EXPECT_TRUE(std::regex_match(std::string(one->name), std::regex("[a-z0-9_]+"))) << one->name;
    EXPECT_NE(one->row.find('/'), std::string_view::npos) << one->name;
    EXPECT_FALSE(one->sentence.empty()) << one->name;
    EXPECT_FALSE(one->calls.empty()) << one->name;
    EXPECT_TRUE(one->at_entry != nullptr || one->at_exit != nullptr) << one->name;
  }
}

TEST(Lies, NameCasesThatThereAre) {
  Selection everything;
  everything.benchmarks = false;
  const Result<Plan> plan = make_plan(everything);
  ASSERT_TRUE(plan) << plan.error().str();
  std::vector<CaseId> ids;
  for (const CheckCase& check : plan->checks) ids.push_back(check.id());
  for (const Lie* one : all_lies()) {
    const Result<CasePattern> cases = CasePattern::parse(one->cases);
    ASSERT_TRUE(cases) << one->name << ": " << cases.error().str();
    EXPECT_TRUE(std::any_of(ids.begin(), ids.end(),
                            [&cases](const CaseId& id) { return cases->matches(id); }))
        << one->name << ": " << one->cases;
  }
}

}  // namespace
}  // namespace nsbench::selftest
