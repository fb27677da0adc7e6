#include "reports/formats/tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>
#include <vector>

#include "reports/gate.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string one(const Report& report, Tap dialect) { return to_tap({&report, 1}, dialect); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t count(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::size_t matches = 0;
  for (const std::string& line : lines_of(text)) matches += std::regex_search(line, regex) ? 1 : 0;
  return matches;
}

TEST(Tap, LooksAsItShould) {
  expect_golden("sample.ktap", one(sample_report(), Tap::Ktap));
  expect_golden("sample.tap", one(sample_report(), Tap::Tap13));
}

TEST(Tap, EveryResultHasItsLineAndControlsHaveNone) {
  const Report report = sample_report();
  const Summary summary = summarise(report);
  for (const Tap dialect : {Tap::Ktap, Tap::Tap13}) {
    const std::string text = one(report, dialect);
    const auto timed = summary.series - summary.series_failed - summary.series_skipped;
    EXPECT_EQ(count(text, "^ok [0-9]+ .*# SKIP [a-z-]+: "),
              static_cast<std::size_t>(summary.skip + summary.series_skipped));
    EXPECT_EQ(count(text, "^ok [0-9]+ (- )?[^#]*$"),
              static_cast<std::size_t>(summary.pass + timed));
    EXPECT_EQ(count(text, "^not ok [0-9]+ .*# ERROR "),
              static_cast<std::size_t>(summary.broken + summary.series_failed));
    EXPECT_EQ(count(text, "^not ok [0-9]+ (- )?[^#]*$"), static_cast<std::size_t>(summary.fail));
    EXPECT_THAT(text, Not(HasSubstr(":control")));
  }
}

TEST(Tap, ThePlanIsKeptAndNumbersCountUp) {
  const Report report = sample_report();
  for (const Tap dialect : {Tap::Ktap, Tap::Tap13}) {
    const std::vector<std::string> lines = lines_of(one(report, dialect));
    std::size_t next = 1;
    for (const std::string& line : lines) {
      std::smatch match;
      if (!std::regex_search(line, match, std::regex("^(not )?ok ([0-9]+) "))) continue;
      EXPECT_EQ(match[2], std::to_string(next++));
    }
    EXPECT_EQ(lines[1], "1.." + std::to_string(next - 1));
  }
}

TEST(Tap, WhatWasSeenStandsBeforeTheFailure) {
  const std::vector<std::string> lines = lines_of(one(sample_report(), Tap::Ktap));
  const auto failed = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("not ok") && line.ends_with("uts/hostname:setns:userns");
  });
  ASSERT_NE(failed, lines.end());
  EXPECT_THAT(*(failed - 1), HasSubstr("#   observed: EPERM"));
  EXPECT_THAT(*(failed - 2), HasSubstr("#   expected: success"));
}

TEST(Tap, HostileTextStaysOnItsLine) {
  Report report = healthy_report();
  report.kernel.release = "6.1\nnot ok 1 faked";
  CaseResult& result = report.cases.front();
  result.verdict = VerdictKind::Fail;
  result.statements.front().holds = false;
  result.statements.front().observed = "x\r\nok 1 faked\x1b[2J";
  const std::string text = one(report, Tap::Ktap);
  EXPECT_EQ(count(text, "^(not )?ok [0-9]+ faked"), 0U);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Tap, SeveralReportsAreSubtestsInKtapAndOneSequenceInTap13) {
  const std::vector<Report> reports{healthy_report(), sample_report()};
  const std::string ktap = to_tap(reports, Tap::Ktap);
  EXPECT_THAT(ktap, ::testing::StartsWith("KTAP version 1\n1..2\n  KTAP version 1\n  1.."));
  EXPECT_THAT(ktap, HasSubstr("\nok 1 run 1\n"));
  EXPECT_THAT(ktap, HasSubstr("\nnot ok 2 run 2\n"));
  const std::string tap = to_tap(reports, Tap::Tap13);
  EXPECT_EQ(count(tap, "^1\\.\\."), 1U);
  EXPECT_EQ(count(tap, "^(not )?ok "),
            static_cast<std::size_t>(std::stoul(lines_of(tap)[1].substr(3))));
}

TEST(Tap, AnInterruptedRunIsNotWhole) {
  Report report = healthy_report();
  report.run.interrupted = true;
  EXPECT_EQ(count(one(report, Tap::Ktap), "^not ok [0-9]+ nsbench # ERROR .*interrupted"), 1U);
}

TEST(Tap, NothingToCheckIsSkippedAsAWhole) {
  EXPECT_THAT(one(Report(), Tap::Tap13), HasSubstr("\n1..0 # SKIP "));
}

TEST(Tap, AnEarlyEndSaysHowManyAreMissing) {
  TapLines lines(Tap::Ktap, 3);
  CaseResult result;
  result.id = *CaseId::parse("uts/hostname:clone:root");
  result.verdict = VerdictKind::Pass;
  EXPECT_EQ(lines.result(result), "ok 1 uts/hostname:clone:root\n");
  EXPECT_EQ(lines.bail_out("interrupted"), "# interrupted: 2 of 3 results are missing\n");
  EXPECT_EQ(TapLines(Tap::Tap13, 1).bail_out("interrupted"), "Bail out! interrupted\n");
}

}  // namespace
}  // namespace nsbench
