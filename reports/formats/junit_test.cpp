#include "reports/formats/junit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "reports/gate.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string of(const Report& report) { return to_junit({&report, 1}); }

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Junit, LooksAsItShould) { expect_golden("sample.junit.xml", of(sample_report())); }

TEST(Junit, CountsAreThoseOfTheReport) {
  const Report report = sample_report();
  const Summary summary = summarise(report);
  const std::string text = of(report);
  EXPECT_EQ(count(text, "<failure "), static_cast<std::size_t>(summary.fail));
  EXPECT_EQ(count(text, "<error "),
            static_cast<std::size_t>(summary.broken + summary.series_failed));
  EXPECT_EQ(count(text, "<skipped "),
            static_cast<std::size_t>(summary.skip + summary.series_skipped));
  EXPECT_THAT(
      text, HasSubstr(fmt::format(
                "<testsuites name=\"nsbench\" tests=\"{}\" failures=\"{}\" errors=\"{}\" ",
                count(text, "<testcase "), summary.fail, summary.broken + summary.series_failed)));
  EXPECT_THAT(text, Not(HasSubstr(":control")));
}

TEST(Junit, NoTwoTestsHaveOneName) {
  const std::vector<Report> reports{sample_report(), healthy_report()};
  const std::string text = to_junit(reports);
  const std::regex testcase("<testcase classname=\"([^\"]*)\" name=\"([^\"]*)\"");
  std::set<std::string> names;
  std::size_t cases = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), testcase), end; it != end; ++it) {
    names.insert((*it)[1].str() + ' ' + (*it)[2].str());
    ++cases;
  }
  EXPECT_GT(cases, 100U);
  EXPECT_EQ(names.size(), cases);
}

TEST(Junit, HostileTextIsNoMarkup) {
  Report report = sample_report();
  report.kernel.release = "\"><script>";
  report.series.front().unit = "</system-out>";
  for (CaseResult& result : report.cases) {
    result.observed = "]]></failure>\x01";
    for (Statement& statement : result.statements) statement.observed = result.observed;
  }
  const std::string text = of(report);
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_EQ(text.find('\x01'), std::string::npos);
  EXPECT_EQ(count(text, "</failure>"), static_cast<std::size_t>(summarise(report).fail));
}

TEST(Junit, AnInterruptedRunIsAnError) {
  Report report = healthy_report();
  report.run.interrupted = true;
  EXPECT_THAT(of(report), HasSubstr("errors=\"1\""));
}

}  // namespace
}  // namespace nsbench
