#include "reports/judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

constexpr const char* rule = "a host name set inside is not seen outside";

TEST(JudgeCase, PassesIfEveryStatementHolds) {
  Judgement judgement;
  judgement.isolated_equal(rule, "arena", "arena");
  judgement.isolated_differ("the inode differs", "uts:[1]", "uts:[2]");
  judgement.isolated_errno("the key is not found", ENOENT, ENOENT);
  judgement.works_errno("a host name can be set", 0);
  judgement.works_equal("the name is copied at birth", "arena", "arena");
  const Judged judged = judge_case(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Pass);
  EXPECT_EQ(judged.expected, std::string(rule) + ": 'arena'");
}

TEST(JudgeCase, FailsByTheFirstStatementThatDoesNotHold) {
  Judgement judgement;
  judgement.works_errno("a host name can be set", 0);
  judgement.isolated_equal(rule, "arena", "inside");
  judgement.isolated_errno("the key is not found", ENOENT, 0);
  const Judged judged = judge_case(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Fail);
  EXPECT_EQ(judged.expected, std::string(rule) + ": 'arena'");
  EXPECT_EQ(judged.observed, "'inside'");
}

TEST(JudgeCase, TheErrnoMustBeTheVeryOne) {
  Judgement judgement;
  judgement.isolated_errno("setns is refused", EINVAL, EPERM);
  const Judged judged = judge_case(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Fail);
  EXPECT_EQ(judged.expected, "setns is refused: EINVAL");
  EXPECT_EQ(judged.observed, "EPERM");
  EXPECT_EQ(judged.err, EPERM);
}

TEST(JudgeCase, ACallThatWasNotSeenHasNoErrno) {
  Judgement judgement;
  judgement.works_errno("a host name can be set", -1);
  const Judged judged = judge_case(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Fail);
  EXPECT_EQ(judged.observed, "(not seen)");
  EXPECT_EQ(judged.err, 0);
}

TEST(JudgeCase, NoStatementIsBroken) {
  EXPECT_EQ(judge_case(Judgement()).verdict, VerdictKind::Broken);
}

TEST(JudgeControl, PassesIfItLeakedInEveryDirection) {
  Judgement judgement;
  judgement.works_errno("a host name can be set", 0);
  judgement.isolated_equal(rule, "arena", "inside");
  judgement.isolated_differ("the inode differs", "uts:[1]", "uts:[1]");
  const Judged judged = judge_control(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Pass);
  EXPECT_EQ(judged.observed, "'inside'");
}

TEST(JudgeControl, OneDirectionThatDidNotLeakIsBroken) {
  Judgement judgement;
  judgement.isolated_equal(rule, "arena", "inside");
  judgement.isolated_differ("the inode differs", "uts:[1]", "uts:[2]");
  const Judged judged = judge_control(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Broken);
  EXPECT_THAT(judged.expected, HasSubstr("the inode differs: must not hold"));
  EXPECT_EQ(judged.observed, "'uts:[2]'");
}

TEST(JudgeControl, ALegalActThatFailedIsBroken) {
  Judgement judgement;
  judgement.isolated_equal(rule, "arena", "inside");
  judgement.works_errno("a host name can be set", EPERM);
  const Judged judged = judge_control(judgement);
  EXPECT_EQ(judged.verdict, VerdictKind::Broken);
  EXPECT_EQ(judged.err, EPERM);
}

TEST(JudgeControl, NoIsolationStatementIsBroken) {
  Judgement judgement;
  judgement.works_errno("a host name can be set", 0);
  EXPECT_EQ(judge_control(judgement).verdict, VerdictKind::Broken);
  EXPECT_EQ(judge_control(Judgement()).verdict, VerdictKind::Broken);
}

}  // namespace
}  // namespace nsbench
