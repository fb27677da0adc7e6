// What every format says of a kernel that was not well.
#include "reports/formats/splats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "reports/formats/format.h"
#include "reports/formats/junit.h"
#include "reports/formats/markdown.h"
#include "reports/formats/tap.h"
#include "reports/testdata/compared.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string as(const char* format, const Report& report, const FormatOptions& options = {}) {
  return find_format(format)->of_reports({&report, 1}, options);
}

// What is the same in the report of a kernel that is well is left out.
std::string told(const char* format) {
  Report report = unwell_report();
  std::erase_if(report.cases, [](const CaseResult& one) { return one.id.family != "uts"; });
  report.series.clear();
  return as(format, report);
}

TEST(Unwell, LooksAsItShould) {
  expect_golden("unwell.txt", told("text"));
  expect_golden("unwell.md", told("markdown"));
  expect_golden("unwell.ktap", told("ktap"));
  expect_golden("unwell.tap", told("tap13"));
  expect_golden("unwell.junit.xml", told("junit"));
  expect_golden("unwell.github", told("github"));
  expect_golden("unwell.kcidb.json", told("kcidb"));
  expect_golden("unwell.lava", told("lava"));
  expect_golden("unwell.lkp", told("lkp"));
}

TEST(Unwell, EveryFormatThatDecidesSaysSo) {
  const Report report = unwell_report();
  for (const char* format :
       {"text", "markdown", "ktap", "tap13", "junit", "json", "html", "kcidb", "github"}) {
    EXPECT_THAT(as(format, report), HasSubstr("KASAN: slab-use-after-free in cleanup_net"))
        << format;
  }
  for (const char* format : {"ktap", "tap13", "lava", "lkp", "kcidb"}) {
    Report well = report;
    well.kernel.splats.clear();
    well.kernel.taint = 0;
    EXPECT_THAT(as(format, well), HasSubstr("is_well"))
        << format;  // it was looked at, and was well
    well.kernel.engine = "bare";
    EXPECT_THAT(as(format, well), Not(HasSubstr("is_well"))) << format;
  }
}

TEST(Unwell, AComparisonTellsWhatIsNew) {
  const SampleSides sides = in_lockstep({.series = {{}}});
  Report now = sides.now;
  now.kernel.splats = unwell_report().kernel.splats;
  Report base = sides.base;
  base.kernel.splats = {now.kernel.splats[1]};
  const std::vector<Report> before{base};
  const std::vector<Report> after{now};
  const Comparison comparison = compared(before, after);
  EXPECT_EQ(decide(comparison).code, ExitCode::Failed);
  ASSERT_EQ(comparison.splats.size(), 2U);
  EXPECT_TRUE(comparison.splats[0].is_new);
  EXPECT_FALSE(comparison.splats[1].is_new);
  for (const char* format : {"text", "markdown", "json", "html", "github", "lkp"}) {
    const std::string text = find_format(format)->of_comparison({comparison, before, after}, {});
    EXPECT_THAT(text, HasSubstr("KASAN: slab-use-after-free")) << format;
  }
  EXPECT_EQ(decide(compared({now}, {now})).code, ExitCode::Ok);
}

// What the policy knows is shown as known, and does not fail.
TEST(Known, FailuresAreShownAsXfail) {
  const Result<Policy> policy = read_policy(R"({"schema": 1, "known_issues": [
      {"case": "^uts/hostname:setns", "owner": "net team", "reason": "bug 7", "expires": "2026-12-31"}],
      "allowed_skips": [{"case": ".", "reason": "*"}]})");
  ASSERT_TRUE(policy.ok()) << policy.error().str();
  const FormatOptions options{.judging = {&*policy, {2026, 1, 1}}};
  const Report report = sample_report();
  for (const char* format : {"ktap", "tap13"}) {
    const std::string text = as(format, report, options);
    EXPECT_THAT(text,
                HasSubstr("uts/hostname:setns:userns # XFAIL bug 7 (net team, until 2026-12-31)"));
    EXPECT_THAT(text, HasSubstr("# uts/hostname:setns:root: XPASS"));
    EXPECT_THAT(text, HasSubstr("fail:0 xfail:2 xpass:2"));
  }
  EXPECT_THAT(as("junit", report, options),
              AllOf(HasSubstr("<skipped message=\"XFAIL: bug 7"), HasSubstr("failures=\"0\"")));
  EXPECT_THAT(as("text", report, options), AllOf(HasSubstr("XFAIL"), Not(HasSubstr("IS BROKEN"))));
  EXPECT_THAT(as("markdown", report, options), HasSubstr("- XFAIL: `uts/hostname:setns:userns`"));
  EXPECT_THAT(as("github", report, options), Not(HasSubstr("::error title=uts/")));
  const FormatOptions later{.judging = {&*policy, {2027, 1, 1}}};
  EXPECT_THAT(as("ktap", report, later),
              AllOf(Not(HasSubstr("# XFAIL")), HasSubstr("has expired")));
  EXPECT_THAT(as("text", report, later), HasSubstr("ISOLATION IS BROKEN"));
}

TEST(Splats, LinesAreBoundedAndSafe) {
  const std::vector<std::string> lines = splats::lines({"bug", "a\n\x1b[2J\nc\nd\n", ""}, 2);
  EXPECT_THAT(lines, ::testing::ElementsAre("a", "\\x1b[2J", "(and 2 more lines)"));
}

}  // namespace
}  // namespace nsbench
