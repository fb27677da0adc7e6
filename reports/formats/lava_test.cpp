#include "reports/formats/lava.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string written(const Report& report) { return to_lava(std::vector{report}); }

// The names as LAVA's monitors store them.
std::vector<std::string> stored(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, std::regex("TEST_CASE_ID=(\\S+)"))) continue;
    names.push_back(std::regex_replace(match[1].str(), std::regex("\\W+"), "_"));
  }
  return names;
}

TEST(Lava, LooksAsItShould) { expect_golden("sample.lava", written(sample_report())); }

TEST(Lava, EveryVerdictHasItsWord) {
  const std::string text = written(sample_report());
  EXPECT_THAT(text, HasSubstr("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=uts.hostname.setns.root "
                              "RESULT=pass MEASUREMENT=0 UNITS=none>\n"));
  EXPECT_THAT(text, HasSubstr("uts.hostname.setns.userns RESULT=fail "));
  EXPECT_THAT(text, HasSubstr("net.interfaces.clone3.userns RESULT=skip "));
  EXPECT_THAT(text, HasSubstr("ipc.sysv_keys.unshare.root RESULT=unknown "));
  EXPECT_THAT(text, HasSubstr("create.net.clone3.userns RESULT=unknown MEASUREMENT=0 UNITS=none>"));
  EXPECT_THAT(text, HasSubstr("create.time.unshare.root RESULT=skip MEASUREMENT=0 UNITS=none>"));
  EXPECT_THAT(text, Not(HasSubstr("control")));
}

TEST(Lava, ALostLineIsNoticed) {
  const std::string text = written(sample_report());
  const std::size_t results = stored(text).size();
  EXPECT_THAT(text, StartsWith("nsbench: " + std::to_string(results) + " results\n"));
  EXPECT_TRUE(text.ends_with("\nnsbench: end of " + std::to_string(results) + " results: fail\n"));
}

TEST(Lava, NamesAreDifferentOnceEverythingElseIsAnUnderscore) {
  Report report;
  for (const char* id : {"a/b_c:clone:root", "a_b/c:clone:root", "a/b/c=clone:clone:root",
                         "a/b/c=d:clone:root", "a/b/c_d=d:clone:root", "a/b/c=d_d:clone:root"}) {
    report.cases.push_back({.id = *CaseId::parse(id), .verdict = VerdictKind::Pass});
  }
  const std::vector<std::string> names = stored(written(report));
  EXPECT_EQ(names.size(), report.cases.size());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(Lava, SeveralReportsAreToldApart) {
  const std::string text = to_lava(std::vector{healthy_report(), sample_report()});
  EXPECT_THAT(text, HasSubstr("TEST_CASE_ID=run1.uts.hostname.setns.userns RESULT=pass"));
  EXPECT_THAT(text, HasSubstr("TEST_CASE_ID=run2.uts.hostname.setns.userns RESULT=fail"));
  EXPECT_TRUE(text.ends_with(" results: fail\n"));
}

TEST(Lava, AnInterruptedRunSaysSo) {
  Report report = healthy_report();
  report.run.interrupted = true;
  EXPECT_THAT(written(report), HasSubstr("TEST_CASE_ID=interrupted RESULT=unknown"));
}

TEST(Lava, AUnitOrANumberCannotBreakALine) {
  Report report;
  report.series = {sample_report().series.front()};
  report.series[0].unit = "evil> <LAVA_SIGNAL_TESTCASE TEST_CASE_ID=x";
  EXPECT_THAT(written(report), HasSubstr(" UNITS=evil_LAVA_SIGNAL_TESTCASE_TEST_CASE_ID_x>\n"));
  report.series[0].samples = {1e300};
  EXPECT_THAT(written(report), HasSubstr(" MEASUREMENT=0 UNITS=none>\n"));
  report.series[0].samples = {1234.5};
  EXPECT_THAT(written(report), HasSubstr(" MEASUREMENT=1234.5 "));
  report.series[0].samples = {0};
  EXPECT_THAT(written(report), HasSubstr(" MEASUREMENT=0 "));
}

}  // namespace
}  // namespace nsbench
