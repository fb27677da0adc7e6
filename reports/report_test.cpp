#include "reports/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

constexpr const char* name = "uts/hostname:clone:root";

CaseResult result_of(const std::string& id, VerdictKind verdict,
                     std::vector<Statement> statements = {}) {
  CaseResult result;
  result.id = *CaseId::parse(id);
  result.verdict = verdict;
  result.expected = "the rule";
  result.observed = "what was seen";
  result.statements = std::move(statements);
  return result;
}

CaseResult control_of(VerdictKind verdict, std::vector<Statement> statements = {}) {
  return result_of(std::string(name) + ":control", verdict, std::move(statements));
}

Statement works(const char* text, bool holds) {
  return {Statement::Kind::Works, text, "success", holds ? "success" : "EPERM", holds, 0};
}

Statement isolation(const char* text, bool holds) {
  return {Statement::Kind::Isolation, text, "'a'", holds ? "'a'" : "'b'", holds, 0};
}

VerdictKind settled(CaseResult result, CaseResult control) {
  std::vector<CaseResult> cases{std::move(result), std::move(control)};
  settle_controls(cases);
  return cases[0].verdict;
}

TEST(SettleControls, APassBesideALeakStays) {
  EXPECT_EQ(settled(result_of(name, VerdictKind::Pass), control_of(VerdictKind::Pass)),
            VerdictKind::Pass);
}

TEST(SettleControls, APassBesideABrokenControlIsBrokenAndSaysHow) {
  std::vector<CaseResult> cases{control_of(VerdictKind::Broken),
                                result_of(name, VerdictKind::Pass)};
  cases[0].expected = "it must not hold";
  cases[0].observed = "ENOENT";
  settle_controls(cases);
  EXPECT_EQ(cases[1].verdict, VerdictKind::Broken);
  EXPECT_THAT(cases[1].observed, HasSubstr("the control did not leak"));
  EXPECT_THAT(cases[1].observed, HasSubstr("it must not hold"));
  EXPECT_THAT(cases[1].observed, HasSubstr("ENOENT"));
}

TEST(SettleControls, OnlyTheCaseOfTheSameRecipeIsTouched) {
  std::vector<CaseResult> cases{control_of(VerdictKind::Broken),
                                result_of("uts/hostname:clone3:root", VerdictKind::Pass),
                                result_of("uts/hostname:clone:userns", VerdictKind::Pass)};
  settle_controls(cases);
  EXPECT_EQ(cases[1].verdict, VerdictKind::Pass);
  EXPECT_EQ(cases[2].verdict, VerdictKind::Pass);
}

TEST(SettleControls, AControlThatSaysFailIsBroken) {
  std::vector<CaseResult> cases{result_of(name, VerdictKind::Pass), control_of(VerdictKind::Fail)};
  settle_controls(cases);
  EXPECT_EQ(cases[0].verdict, VerdictKind::Broken);
  EXPECT_EQ(cases[1].verdict, VerdictKind::Broken);
}

TEST(SettleControls, APassWithoutAControlStays) {
  std::vector<CaseResult> alone{result_of(name, VerdictKind::Pass)};
  settle_controls(alone);
  EXPECT_EQ(alone[0].verdict, VerdictKind::Pass);
}

// A limit may have been used up just when the control's turn came.
TEST(SettleControls, APassBesideASkippedControlIsNotProven) {
  CaseResult control = control_of(VerdictKind::Skip);
  control.skip = SkipReason::Limit;
  control.observed = "clone(CLONE_NEWUTS): ENOSPC";
  std::vector<CaseResult> cases{result_of(name, VerdictKind::Pass), control};
  settle_controls(cases);
  EXPECT_EQ(cases[0].verdict, VerdictKind::Skip);
  EXPECT_EQ(cases[0].skip, SkipReason::Limit);
  EXPECT_THAT(cases[0].observed, HasSubstr("ENOSPC"));
  EXPECT_EQ(settled(result_of(name, VerdictKind::Fail), control), VerdictKind::Fail);
}

TEST(SettleControls, ALeakStaysAFailWhateverTheControlDid) {
  const CaseResult leak = result_of(name, VerdictKind::Fail, {isolation("not seen", false)});
  EXPECT_EQ(settled(leak, control_of(VerdictKind::Broken, {works("set", false)})),
            VerdictKind::Fail);
  const CaseResult both =
      result_of(name, VerdictKind::Fail, {works("set", false), isolation("not seen", false)});
  EXPECT_EQ(settled(both, control_of(VerdictKind::Broken, {works("set", false)})),
            VerdictKind::Fail);
}

TEST(SettleControls, ALegalActThatFailsInBothIsBroken) {
  const CaseResult failed =
      result_of(name, VerdictKind::Fail, {works("set", false), isolation("not seen", true)});
  EXPECT_EQ(settled(failed, control_of(VerdictKind::Broken, {works("set", false)})),
            VerdictKind::Broken);
}

TEST(SettleControls, ALegalActThatFailsOnlyInsideStaysAFail) {
  const CaseResult failed =
      result_of(name, VerdictKind::Fail, {works("set", false), works("get", false)});
  EXPECT_EQ(settled(failed, control_of(VerdictKind::Broken, {works("set", false)})),
            VerdictKind::Fail);
  EXPECT_EQ(settled(failed, control_of(VerdictKind::Broken, {works("other", false)})),
            VerdictKind::Fail);
  EXPECT_EQ(settled(failed, control_of(VerdictKind::Pass)), VerdictKind::Fail);
}

TEST(SettleControls, TwiceIsOnce) {
  std::vector<CaseResult> cases{result_of(name, VerdictKind::Pass),
                                control_of(VerdictKind::Broken)};
  settle_controls(cases);
  const std::string observed = cases[0].observed;
  settle_controls(cases);
  EXPECT_EQ(cases[0].observed, observed);
}

TEST(NameUnits, ClocksThatCountInstructionsMeasureThese) {
  Report report;
  report.series = {Series{.unit = "ns"}, Series{.unit = "bytes"}};
  name_units(report);
  EXPECT_EQ(report.series[0].unit, "ns");
  report.kernel.clock = "instructions";
  name_units(report);
  EXPECT_EQ(report.series[0].unit, "instructions");
  EXPECT_EQ(report.series[1].unit, "bytes");
}

}  // namespace
}  // namespace nsbench
