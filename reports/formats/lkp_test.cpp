#include "reports/formats/lkp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string written(const Report& report) { return to_lkp(std::vector{report}); }

std::string compared(const std::vector<Report>& base, const std::vector<Report>& now) {
  const Result<Comparison> comparison = compare(base, now, {});
  EXPECT_TRUE(comparison.ok());
  return to_lkp(*comparison, base, now);
}

std::string line_with(const std::string& text, const std::string& what) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(what) != std::string::npos) return line;
  }
  return "";
}

TEST(Lkp, AReportLooksAsItShould) { expect_golden("sample.lkp", written(sample_report())); }

TEST(Lkp, EveryLineIsAKeyAndANumber) {
  const std::regex wanted("[a-z0-9_.-]+: [0-9.e+-]+");
  Report report = sample_report();
  report.series[0].unit = "evil: 1\nx";
  std::istringstream lines(written(report));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, wanted)) << line;
  }
}

TEST(Lkp, EveryVerdictHasAKey) {
  const std::string text = written(sample_report());
  EXPECT_THAT(text, HasSubstr("uts.hostname.setns.root.pass: 1\n"));
  EXPECT_THAT(text, HasSubstr("uts.hostname.setns.userns.fail: 1\n"));
  EXPECT_THAT(text, HasSubstr("net.interfaces.clone3.userns.skip: 1\n"));
  EXPECT_THAT(text, HasSubstr("ipc.sysv_keys.unshare.root.broken: 1\n"));
  EXPECT_THAT(text, HasSubstr("create.net.clone3.userns.broken: 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("control")));
}

TEST(Lkp, AComparisonLooksAsItShould) {
  const SampleSides sides = sample_sides();
  expect_golden("comparison.lkp", compared({sides.base}, {sides.now, sides.null}));
}

TEST(Lkp, ColumnsAreTheRobots) {
  const SampleRuns runs = in_turn({{.change = 0.5, .scatter = 0, .start_scatter = 0.05},
                                   {.id = "join/uts:setns:root", .typical = 640, .scatter = 0},
                                   {.id = "create/net:clone:root", .typical = 3e8, .scatter = 0}},
                                  8);
  const std::string text = compared(runs.base, runs.now);
  EXPECT_TRUE(std::regex_match(
      line_with(text, "nsbench.create.uts"),
      std::regex(" {5}[0-9]{5} ± [ 0-9]{2}% {5}\\+[0-9]{2}\\.[0-9]% {6}[0-9]{5} ± [ 0-9]{2}%  "
                 "nsbench\\.create\\.uts\\.unshare\\.root\\.ns  \\(slower\\)")))
      << text;
  EXPECT_EQ(line_with(text, "nsbench.join"),
            "    640.00            +0.0%     640.00        nsbench.join.uts.setns.root.ns  (same)");
  EXPECT_EQ(line_with(text, "nsbench.create.net"),
            "     3e+08            +0.0%      3e+08        nsbench.create.net.clone.root.ns  "
            "(same)");
}

TEST(Lkp, FailuresAreCountedInAllReports) {
  SampleRuns runs = in_turn({{.change = 0}}, 3);
  CaseResult check{.id = *CaseId::parse("uts/hostname:clone:root")};
  check.verdict = VerdictKind::Pass;
  for (Report& report : runs.base) report.cases = {check};
  for (Report& report : runs.now) report.cases = {check};
  runs.now[1].cases[0].verdict = VerdictKind::Fail;
  EXPECT_EQ(line_with(compared(runs.base, runs.now), "nsbench.uts"),
            "           :3           33%           1:3     nsbench.uts.hostname.clone.root.fail  "
            "(regressed)");
}

TEST(Lkp, TheBetterDirectionIsSaid) {
  const SampleSides sides = sample_sides();
  const std::string text = compared({sides.base}, {sides.now, sides.null});
  EXPECT_THAT(line_with(text, "%change"), HasSubstr("less is better"));
  EXPECT_THAT(line_with(text, "%reproduction"), HasSubstr("less is better"));
  EXPECT_THAT(line_with(text, "nsbench.create.uts.unshare.root.ns"), HasSubstr("(slower)"));
  EXPECT_THAT(line_with(text, "nsbench.join.uts.setns-pidfd.root.ns"), HasSubstr("(faster)"));
  EXPECT_THAT(line_with(text, "nsbench.create.ipc.unshare.root.ns"),
              HasSubstr("(can't tell: null-fired)"));
  EXPECT_THAT(text, HasSubstr("ENOSPC: create/user:unshare:userns\n"));
}

}  // namespace
}  // namespace nsbench
