#include "reports/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/file.h"
#include "reports/testdata/compared.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Date today{2026, 6, 1};

Policy policy_of(const std::string& members) {
  Result<Policy> policy = read_policy("{\"schema\": 1, " + members + "}");
  EXPECT_TRUE(policy.ok()) << policy.error().str();
  return policy ? *policy : Policy{};
}

std::string refusal(const std::string& text) {
  const Result<Policy> policy = read_policy(text);
  return policy ? "accepted" : policy.error().str();
}

std::string issue(const std::string& cases, const std::string& expires,
                  const std::string& more = "") {
  return R"({"case": ")" + cases + R"(", "owner": "mm team", "reason": "bug 12", "expires": ")" +
         expires + "\"" + more + "}";
}

std::string known(const std::string& cases, const std::string& expires,
                  const std::string& more = "") {
  return "\"known_issues\": [" + issue(cases, expires, more) + "]";
}

Report report_of(VerdictKind verdict) {
  Report report;
  report.kernel.release = "6.1.0";
  CaseResult result;
  result.id = *CaseId::parse("uts/hostname:clone:root");
  result.verdict = verdict;
  if (verdict == VerdictKind::Skip) result.skip = SkipReason::KernelTooOld;
  report.cases = {result};
  CaseResult other;
  other.id = *CaseId::parse("pid/first:clone:root");
  other.verdict = VerdictKind::Pass;
  report.cases.push_back(other);
  return report;
}

TEST(Date, IsADayOfTheCalendar) {
  EXPECT_EQ(Date::parse("2024-02-29")->str(), "2024-02-29");
  for (const char* text : {"2026-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "2026-01-01 ",
                           "26-01-01", "", "yyyy-mm-dd", "2026/01/01"}) {
    EXPECT_FALSE(Date::parse(text).ok()) << text;
  }
  EXPECT_LT((Date{2025, 12, 31}), (Date{2026, 1, 1}));
}

TEST(Policy, AKnownFailureDoesNotFailUntilItExpires) {
  const Report failed = report_of(VerdictKind::Fail);
  EXPECT_EQ(decide(failed).code, ExitCode::Failed);
  const Ruling last_day = judge(failed, policy_of(known("^uts/", "2026-06-01")), today);
  EXPECT_EQ(last_day.decision.code, ExitCode::Ok);
  ASSERT_THAT(last_day.xfail, SizeIs(1));
  EXPECT_EQ(last_day.xfail[0].str(), "bug 12 (mm team, until 2026-06-01)");
  const Ruling late = judge(failed, policy_of(known("^uts/", "2026-05-31")), today);
  EXPECT_EQ(late.decision.code, ExitCode::Failed);
  EXPECT_THAT(late.xfail, IsEmpty());
  ASSERT_THAT(late.expired, SizeIs(1));
  EXPECT_THAT(late.decision.reasons,
              Contains(HasSubstr("uts/hostname:clone:root (of mm team, on 2026-05-31)")));
}

TEST(Policy, AnotherCasesOrKernelsIssueDoesNotHelp) {
  const Report failed = report_of(VerdictKind::Fail);
  EXPECT_EQ(judge(failed, policy_of(known("^pid/", "2027-01-01")), today).decision.code,
            ExitCode::Failed);
  const auto on = [&](const char* kernels) {
    return judge(failed,
                 policy_of(known("^uts/", "2027-01-01",
                                 std::string(", \"kernels\": \"") + kernels + "\"")),
                 today)
        .decision.code;
  };
  EXPECT_EQ(on("^6[.]1[.]"), ExitCode::Ok);
  EXPECT_EQ(on("^5[.]"), ExitCode::Failed);
}

TEST(Policy, OfTwoIssuesTheOneThatHoldsLongerCounts) {
  const Policy both = policy_of("\"known_issues\": [" + issue("^uts/", "2020-01-01") + ", " +
                                issue("hostname", "2027-01-01") + "]");
  EXPECT_EQ(judge(report_of(VerdictKind::Fail), both, today).decision.code, ExitCode::Ok);
}

TEST(Policy, AnUnexpectedPassIsToldAndDoesNotFail) {
  const Ruling judged =
      judge(report_of(VerdictKind::Pass), policy_of(known("^uts/", "2027-01-01")), today);
  EXPECT_EQ(judged.decision.code, ExitCode::Ok);
  ASSERT_THAT(judged.xpass, SizeIs(1));
  EXPECT_EQ(judged.xpass[0].id.str(), "uts/hostname:clone:root");
}

TEST(Policy, ABrokenCaseIsNotAKnownFailure) {
  const Ruling judged =
      judge(report_of(VerdictKind::Broken), policy_of(known("^uts/", "2027-01-01")), today);
  EXPECT_EQ(judged.decision.code, ExitCode::Unknown);
}

TEST(Policy, ASkipThatIsNotAllowedIsLostCoverage) {
  const Report skipped = report_of(VerdictKind::Skip);
  EXPECT_EQ(decide(skipped).code, ExitCode::Ok);
  const auto with = [&](const char* skips) {
    return judge(skipped, policy_of(std::string("\"allowed_skips\": [") + skips + "]"), today);
  };
  EXPECT_EQ(with("").decision.code, ExitCode::Unknown);
  EXPECT_THAT(with("").unexpected_skips, ElementsAre("uts/hostname:clone:root"));
  EXPECT_EQ(with(R"({"case": "^uts/", "reason": "kernel-too-old"})").decision.code, ExitCode::Ok);
  EXPECT_EQ(with(R"({"case": "^uts/", "reason": "*"})").decision.code, ExitCode::Ok);
  EXPECT_EQ(with(R"({"case": "^uts/", "reason": "limit"})").decision.code, ExitCode::Unknown);
  EXPECT_EQ(with(R"({"case": "^pid/", "reason": "*"})").decision.code, ExitCode::Unknown);
}

TEST(Policy, ASplatThatIsAllowedDoesNotFail) {
  Report report = report_of(VerdictKind::Pass);
  report.kernel.splats = {{"warning", "x\nWARNING: CPU: 1 at a.c:1 f+0x1", ""}};
  EXPECT_EQ(judge(report, Policy{}, today).decision.code, ExitCode::Failed);
  const auto with = [&](const char* kind, const char* match, const char* expires) {
    const std::string text = std::string(R"("allowed_splats": [{"owner": "a", "kind": ")") + kind +
                             R"(", "match": ")" + match + R"(", "expires": ")" + expires + "\"}]";
    return judge(report, policy_of(text), today).decision.code;
  };
  EXPECT_EQ(with("warning", "a[.]c:1", "2026-06-01"), ExitCode::Ok);
  EXPECT_EQ(with("warning", "b[.]c", "2026-06-01"), ExitCode::Failed);
  EXPECT_EQ(with("oops", "a[.]c:1", "2026-06-01"), ExitCode::Failed);
  EXPECT_EQ(with("warning", "a[.]c:1", "2026-05-31"), ExitCode::Failed);
}

TEST(Limits, ASeriesHasTheFirstThresholdThatMatches) {
  const Policy policy = policy_of(R"("limits": [{"family": "create", "threshold": 0.2},
      {"case": "net", "required": true}, {"case": ".", "threshold": 0.02}])");
  EXPECT_EQ(threshold_of(policy, *CaseId::parse("create/net:clone:root"), 0.5), 0.2);
  EXPECT_EQ(threshold_of(policy, *CaseId::parse("join/net:setns:root"), 0.5), 0.02);
  EXPECT_EQ(threshold_of(Policy{}, *CaseId::parse("join/net:setns:root"), 0.5), 0.5);
}

TEST(Limits, CompareDecidesByThem) {
  const SampleLockstep sample{.series = {{.change = 0.05}}};
  EXPECT_EQ(compared(sample).series.at(0).change, Change::Slower);
  CompareOptions options;
  options.thresholds = thresholds_of(policy_of(R"("limits": [{"case": ".", "threshold": 0.2}])"));
  const SeriesComparison row = compared(sample, options).series.at(0);
  EXPECT_NE(row.change, Change::Slower);
  EXPECT_EQ(row.threshold, 0.2);
  options.thresholds = thresholds_of(policy_of(R"("limits": [{"case": "^x/", "threshold": 0.2}])"));
  EXPECT_EQ(compared(sample, options).series.at(0).change, Change::Slower);
}

Ruling judged(const Comparison& comparison, const std::string& members,
              const std::vector<Report>& now = {}) {
  return judge(comparison, now, policy_of(members), today);
}

TEST(Limits, ARequiredSeriesThatCantBeToldIsUnknown) {
  Comparison comparison;
  SeriesComparison& row = comparison.series.emplace_back();
  row.id = *CaseId::parse("create/net:clone:root");
  SeriesComparison& told = comparison.series.emplace_back();
  told.id = *CaseId::parse("create/pid:clone:root");
  told.change = Change::Same;
  const auto code = [&](const std::string& cases) {
    return judged(comparison, R"("limits": [{"required": true, "case": ")" + cases + "\"}]")
        .decision.code;
  };
  EXPECT_EQ(decide(comparison).code, ExitCode::Ok);
  EXPECT_EQ(code("^create/net"), ExitCode::Unknown);
  EXPECT_EQ(code("^create/pid"), ExitCode::Ok);
  EXPECT_EQ(code("^join/"), ExitCode::Unknown);  // nothing tells of it
  comparison.series.clear();
  EXPECT_NE(code("^join/"), ExitCode::Failed);
}

TEST(Policy, OfAComparisonKnowsFailuresAndWhatIsSlower) {
  Comparison comparison;
  comparison.now.release = "6.1.0";
  comparison.cases = {
      {*CaseId::parse("uts/hostname:clone:root"), Outcome::Regressed, false, "pass", "fail"}};
  SeriesComparison& slow = comparison.series.emplace_back();
  slow.id = *CaseId::parse("create/pid:clone:root");
  slow.change = Change::Slower;
  EXPECT_EQ(judged(comparison, known("^uts/", "2027-01-01")).decision.code, ExitCode::Failed);
  const Ruling both = judged(comparison, known(".", "2027-01-01"));
  EXPECT_EQ(both.decision.code, ExitCode::Ok);
  EXPECT_THAT(both.xfail, SizeIs(2));
}

TEST(Policy, AFailureOfBothSidesFailsOnceItsIssueExpired) {
  Comparison comparison;
  comparison.cases = {
      {*CaseId::parse("uts/hostname:clone:root"), Outcome::StillFailing, false, "fail", "fail"}};
  EXPECT_EQ(decide(comparison).code, ExitCode::Ok);
  EXPECT_EQ(judged(comparison, known("^uts/", "2026-06-02")).decision.code, ExitCode::Ok);
  EXPECT_EQ(judged(comparison, known("^uts/", "2026-05-02")).decision.code, ExitCode::Failed);
}

TEST(Policy, OfAComparisonLooksAtTheSkipsOfTheNewSide) {
  Comparison comparison;
  comparison.cases = {
      {*CaseId::parse("pid/first:clone:root"), Outcome::Unchanged, false, "pass", "pass"}};
  const std::vector<Report> now{report_of(VerdictKind::Skip)};
  EXPECT_EQ(judged(comparison, "\"limits\": []", now).decision.code, ExitCode::Unknown);
  EXPECT_EQ(
      judged(comparison, R"("allowed_skips": [{"case": ".", "reason": "*"}])", now).decision.code,
      ExitCode::Ok);
}

TEST(ReadPolicy, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("{"), HasSubstr("line 1, column"));
  EXPECT_THAT(refusal("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("/schema: is missing"));
  EXPECT_THAT(refusal(R"({"schema": 2})"), HasSubstr("/schema: 2 is not the schema"));
  const auto with = [](const std::string& members) {
    return refusal("{\"schema\": 1, " + members + "}");
  };
  EXPECT_THAT(with("\"limit\": []"), HasSubstr("/limit: is not known"));
  EXPECT_THAT(with(known("(", "2026-01-01")),
              HasSubstr("/known_issues/0/case: \"(\" is no regular expression"));
  EXPECT_THAT(with(known(".", "2026-02-30")),
              HasSubstr("/known_issues/0/expires: '2026-02-30' is not a day"));
  EXPECT_THAT(with(known(".", "2026-02-03", ", \"until\": 1")), HasSubstr("/until: is not known"));
  EXPECT_THAT(with(R"("known_issues": [{"case": ".", "expires": "2026-01-01", "reason": "r"}])"),
              HasSubstr("/known_issues/0/owner: is missing"));
  EXPECT_THAT(with(R"("known_issues": [{"case": ""}])"), HasSubstr("must not be empty"));
  EXPECT_THAT(with(R"("allowed_skips": [{"case": ".", "reason": "tired"}])"),
              HasSubstr("'tired' is not a reason to skip"));
  EXPECT_THAT(with(R"("allowed_splats": [{"kind": "x", "match": ".", "owner": "o",
                      "expires": "2026-01-01"}])"),
              HasSubstr("'x' is not a kind of splat"));
  for (const char* wrong : {"0", "-1", "1e9", "null", "\"3 %\""}) {
    EXPECT_NE(with(std::string(R"("limits": [{"case": ".", "threshold": )") + wrong + "}]"),
              "accepted")
        << wrong;
  }
  EXPECT_THAT(with(R"("limits": [{"case": "."}])"), HasSubstr("limits nothing"));
  EXPECT_THAT(with(R"("limits": [{"required": true}])"), HasSubstr("one of 'case' and 'family'"));
  EXPECT_THAT(with(R"("limits": [{"family": "a/b", "required": true}])"), HasSubstr("not a word"));
}

TEST(ReadPolicy, IsBounded) {
  EXPECT_THAT(refusal(std::string(2'000'000, ' ')), HasSubstr("more than a policy can have"));
  EXPECT_NE(refusal("{\"schema\": 1, " + known(std::string(2000, 'x'), "2026-01-01") + "}"),
            "accepted");
  std::string many = issue(".", "2026-01-01");
  for (int i = 0; i < 1000; ++i) many += ", " + issue(".", "2026-01-01");
  EXPECT_THAT(refusal("{\"schema\": 1, \"known_issues\": [" + many + "]}"),
              HasSubstr("1001 entries are more than 1000"));
}

TEST(ReadPolicy, TheOneThatShipsIsStrictAndSensible) {
  const Result<std::string> text = read_file(std::string(NSBENCH_SOURCE_DIR) + "/ci/policy.json");
  ASSERT_TRUE(text.ok());
  const Result<Policy> policy = read_policy(*text);
  ASSERT_TRUE(policy.ok()) << policy.error().str();
  EXPECT_EQ(judge(report_of(VerdictKind::Fail), *policy, today).decision.code, ExitCode::Failed);
  EXPECT_EQ(judge(report_of(VerdictKind::Skip), *policy, today).decision.code, ExitCode::Ok);
  Report refused = report_of(VerdictKind::Skip);
  refused.cases.front().skip = SkipReason::NoPrivilege;
  EXPECT_EQ(judge(refused, *policy, today).decision.code, ExitCode::Unknown);
}

}  // namespace
}  // namespace nsbench
