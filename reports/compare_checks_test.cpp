// Comparing the verdicts of checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

CaseResult result(const char* id, VerdictKind verdict) {
  CaseResult result;
  result.id = *CaseId::parse(id);
  result.verdict = verdict;
  if (verdict == VerdictKind::Skip) result.skip = SkipReason::Policy;
  return result;
}

Report report_of(std::vector<CaseResult> cases, const char* started = "1") {
  Report report;
  report.run.started = started;
  report.cases = std::move(cases);
  return report;
}

constexpr const char* hostname = "uts/hostname:setns:root";
constexpr const char* other = "uts/other:setns:root";

Report with(VerdictKind verdict, const char* started = "1") {
  return report_of({result(hostname, verdict), result(other, VerdictKind::Pass)}, started);
}

struct Said {
  std::string outcome;
  ExitCode code = ExitCode::Ok;
};

Said said_of(const std::vector<Report>& base, const std::vector<Report>& now) {
  const Result<Comparison> comparison = compare(base, now, {});
  EXPECT_TRUE(comparison.ok());
  for (const CaseComparison& c : comparison->cases) {
    if (c.id.str() == hostname) return {std::string(id(c.outcome)), decide(*comparison).code};
  }
  return {"not listed"};
}

TEST(CompareChecks, EveryChangeOfVerdictHasItsOutcome) {
  using enum VerdictKind;
  struct Row {
    VerdictKind before, after;
    const char* outcome;
    ExitCode code;
  };
  const Row rows[] = {
      {Pass, Pass, "unchanged", ExitCode::Ok},
      {Pass, Fail, "regressed", ExitCode::Failed},
      {Pass, Skip, "lost-coverage", ExitCode::Unknown},
      {Pass, Broken, "lost-coverage", ExitCode::Unknown},
      {Fail, Pass, "fixed", ExitCode::Ok},
      {Fail, Fail, "still-failing", ExitCode::Ok},
      {Fail, Skip, "lost-coverage", ExitCode::Unknown},
      {Fail, Broken, "lost-coverage", ExitCode::Unknown},
      {Skip, Pass, "gained-coverage", ExitCode::Ok},
      {Skip, Fail, "failing", ExitCode::Failed},
      {Skip, Skip, "unchanged", ExitCode::Ok},
      {Broken, Pass, "gained-coverage", ExitCode::Ok},
      {Broken, Fail, "failing", ExitCode::Failed},
      {Broken, Broken, "unchanged", ExitCode::Ok},
  };
  for (const Row& row : rows) {
    const Said said = said_of({with(row.before)}, {with(row.after)});
    EXPECT_EQ(said.outcome, row.outcome) << id(row.before) << " to " << id(row.after);
    EXPECT_EQ(said.code, row.code) << id(row.before) << " to " << id(row.after);
  }
}

TEST(CompareChecks, MissingCases) {
  using enum VerdictKind;
  const Report without = report_of({result(other, Pass)});
  EXPECT_EQ(said_of({with(Pass)}, {without}).outcome, "lost-coverage");
  EXPECT_EQ(said_of({with(Pass)}, {without}).code, ExitCode::Unknown);
  EXPECT_EQ(said_of({with(Skip)}, {without}).outcome, "only-before");
  EXPECT_EQ(said_of({with(Skip)}, {without}).code, ExitCode::Ok);
  EXPECT_EQ(said_of({without}, {with(Pass)}).outcome, "only-after");
  EXPECT_EQ(said_of({without}, {with(Skip)}).outcome, "only-after");
  EXPECT_EQ(said_of({without}, {with(Fail)}).outcome, "failing");
  EXPECT_EQ(said_of({without}, {with(Fail)}).code, ExitCode::Failed);
}

TEST(CompareChecks, OfSeveralReportsTheGravestVerdictCounts) {
  using enum VerdictKind;
  EXPECT_EQ(said_of({with(Pass)}, {with(Pass, "1"), with(Fail, "2"), with(Skip, "3")}).outcome,
            "regressed");
  EXPECT_EQ(said_of({with(Pass)}, {with(Pass, "1"), with(Skip, "2")}).outcome, "lost-coverage");
  EXPECT_EQ(said_of({with(Pass, "1"), with(Fail, "2")}, {with(Pass)}).outcome, "fixed");
}

TEST(CompareChecks, NothingThatBothSidesKnowIsNotAllClear) {
  using enum VerdictKind;
  const Report skipped = report_of({result(hostname, Skip)});
  EXPECT_EQ(said_of({skipped}, {skipped}).code, ExitCode::Unknown);
}

TEST(CompareChecks, ControlsAreNotCounted) {
  const Report report = healthy_report();
  const Result<Comparison> comparison = compare(std::vector{report}, std::vector{report}, {});
  ASSERT_TRUE(comparison.ok());
  for (const CaseComparison& c : comparison->cases) EXPECT_FALSE(c.id.control);
}

TEST(CompareChecks, TheDecisionNamesWhatRegressed) {
  const Result<Comparison> comparison =
      compare(std::vector{with(VerdictKind::Pass)}, std::vector{with(VerdictKind::Fail)}, {});
  EXPECT_THAT(decide(*comparison).reasons, Contains(HasSubstr(hostname)));
}

}  // namespace
}  // namespace nsbench
