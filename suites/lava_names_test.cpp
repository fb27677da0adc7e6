// The names that LAVA stores: all that there is to check and to time stays different there,
// whatever is left out of a run. So a name always means the same case.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "reports/formats/dotted.h"
#include "reports/formats/lava.h"
#include "suites/plan.h"

namespace nsbench {
namespace {

// As lava_dispatcher/actions/test/monitor.py does it; all that we have is ASCII.
std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::regex no_word("[^a-z0-9_]+");
  return std::regex_replace(name, no_word, "_");
}

std::vector<CaseId> everything() {
  std::vector<CaseId> ids;
  for (const CheckCase& check : all_check_cases()) ids.push_back(check.id());
  for (const BenchCase& bench : all_bench_cases()) ids.push_back(bench.id());
  return ids;
}

TEST(LavaNames, OfEveryCaseControlAndBenchmarkStayDifferent) {
  std::map<std::string, std::string> stored;
  std::size_t controls = 0;
  for (const CaseId& id : everything()) {
    const auto [other, is_new] = stored.try_emplace(folded(dotted(id)), id.str());
    EXPECT_TRUE(is_new) << id.str() << " and " << other->second << " are both " << other->first;
    if (id.control) ++controls;
  }
  EXPECT_GT(controls, 1000U);
  EXPECT_GT(stored.size(), 3000U);
}

TEST(LavaNames, AreThoseOfTheIdsWhateverIsBesideThem) {
  Report report;
  for (const CheckCase& check : all_check_cases()) {
    report.cases.push_back({.id = check.id(), .verdict = VerdictKind::Pass});
  }
  for (const BenchCase& bench : all_bench_cases()) {
    report.series.emplace_back();
    report.series.back().id = bench.id();
  }
  std::set<std::string> expected;
  for (const CaseId& id : everything()) {
    if (!id.control) expected.insert(dotted(id));
  }
  std::set<std::string> names, stored;
  std::istringstream lines(to_lava({&report, 1}));
  const std::regex signal(
      "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=(\\S+) RESULT=\\S+ MEASUREMENT=\\S+ UNITS=\\S+>");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, signal)) continue;
    EXPECT_TRUE(names.insert(match[1]).second) << match[1];
    EXPECT_TRUE(stored.insert(folded(match[1])).second) << match[1];
  }
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace nsbench
