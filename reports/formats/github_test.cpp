#include "reports/formats/github.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/testdata/compared.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t commands(const std::string& text, const std::string& kind) {
  std::size_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) count += line.starts_with("::" + kind) ? 1 : 0;
  return count;
}

std::string of(const Report& report) { return to_github({&report, 1}); }

TEST(Github, LooksAsItShould) {
  const std::string text = of(sample_report());
  expect_golden("sample.github", text.substr(0, text.find("::group::")));
  const std::string compared = to_github(sample_comparison());
  expect_golden("comparison.github", compared.substr(0, compared.find("::group::")));
  EXPECT_THAT(compared, HasSubstr("::group::nsbench summary\n## nsbench: WORSE"));
}

TEST(Github, CasesThatFailedAlikeAreOneError) {
  EXPECT_EQ(commands(of(sample_report()), "error "), 1U);
  EXPECT_EQ(commands(of(healthy_report()), "error "), 0U);
}

TEST(Github, ShowsNoMoreThanAStepMayHave) {
  Report report = healthy_report();
  std::size_t n = 0;
  for (CaseResult& result : report.cases) {
    if (result.id.control || result.verdict != VerdictKind::Pass) continue;
    result.verdict = VerdictKind::Fail;
    result.statements.front().holds = false;
    result.statements.front().observed = std::to_string(n++);
  }
  const std::string text = of(report);
  EXPECT_EQ(commands(text, "error "), 10U);
  EXPECT_THAT(text, HasSubstr(" more errors are in the summary\n"));
}

TEST(Github, HostileTextIsNoCommand) {
  Report report = sample_report();
  for (CaseResult& result : report.cases) {
    if (result.verdict != VerdictKind::Fail) continue;
    result.statements.front().observed = "100%0A\n::error::faked";
  }
  const std::string text = of(report);
  EXPECT_THAT(text, Not(HasSubstr("\n::error::faked")));
  EXPECT_THAT(text, HasSubstr("100%250A\\n::error::faked"));
}

}  // namespace
}  // namespace nsbench
