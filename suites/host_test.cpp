// The host is left as it was by a whole run, and by several beside each other. What happens where
// nsbench is killed at any moment is looked at by the siege (suites/siege).
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "reports/json.h"
#include "suites/testing/host_state.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::HostState;
using testing::lasting_differences;
using testing::look_at_host;

const std::vector<std::string> whole_run{NSBENCH_PROGRAM, "run", "--time", "0.02"};

// Everything takes minutes: CI's everyday part does less of the same.
bool in_full() { return std::getenv("NSBENCH_CI_FULL") != nullptr; }

TEST(Host, IsUntouchedByAWholeRun) {
  const HostState before = look_at_host();
  const testing::Finished run = testing::run_program(whole_run);
  EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 1 || run.exit_code == 3)
      << run.exit_code << "\n"
      << run.err;
  EXPECT_EQ(lasting_differences(before), "");
}

// What each case came to: "uts/hostname:clone:root" -> "pass".
std::map<std::string, std::string> verdicts_of(const std::string& json) {
  std::map<std::string, std::string> verdicts;
  const Result<Report> report = from_json(json);
  EXPECT_TRUE(report.ok()) << report.error().str();
  if (!report) return verdicts;
  for (const CaseResult& result : report->cases) {
    verdicts[result.id.str()] =
        std::string(id(result.verdict)) + (result.skip ? std::string(id(*result.skip)) : "");
  }
  return verdicts;
}

// Arenas are private: runs do not disturb each other.
TEST(Host, RunsSideBySideGiveTheSameVerdicts) {
  const std::vector<std::string> checks{NSBENCH_PROGRAM, "run", "--checks-only", "--json"};
  const HostState before = look_at_host();
  const auto alone = verdicts_of(testing::run_program(checks).out);
  ASSERT_FALSE(alone.empty());
  for (const std::size_t copies : in_full() ? std::vector{2U, 5U} : std::vector{3U}) {
    std::vector<std::future<testing::Finished>> runs;
    for (std::size_t i = 0; i < copies; ++i) {
      runs.push_back(std::async(std::launch::async, [&] { return testing::run_program(checks); }));
    }
    for (auto& run : runs) EXPECT_EQ(verdicts_of(run.get().out), alone) << copies << " copies";
  }
  EXPECT_EQ(lasting_differences(before), "");
}

}  // namespace
}  // namespace nsbench
