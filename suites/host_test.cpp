// The host is left as it was: after a whole run, and after nsbench is killed at any moment.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "reports/json.h"
#include "suites/testing/host_state.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using namespace std::chrono_literals;
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

TEST(Host, IsUntouchedAfterKills) {
  const int kills = in_full() ? 24 : 10;
  constexpr int longest_ms = 4000;
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> moment(0, longest_ms);
  const HostState before = look_at_host();
  for (int i = 0; i < kills; ++i) {
    const int ms = moment(random);
    const pid_t pid = testing::start_program(whole_run);
    ASSERT_GT(pid, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    ::kill(pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_EQ(lasting_differences(before), "") << "killed after " << ms << " ms";
  }
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

// SIGINT and SIGTERM end a run early, with exit status 3, or with 1 where the kernel had failed a
// check by then.
TEST(Host, IsUntouchedAfterAnInterruption) {
  for (const char* part : {"--checks-only", "--benchmarks-only"}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      const HostState before = look_at_host();
      const pid_t pid = testing::start_program({NSBENCH_PROGRAM, "run", "--suite", "gate", part});
      ASSERT_GT(pid, 0);
      std::this_thread::sleep_for(700ms);
      ::kill(pid, signal);
      int status = 0;
      ASSERT_EQ(::waitpid(pid, &status, 0), pid);
      ASSERT_TRUE(WIFEXITED(status)) << status;
      if (WEXITSTATUS(status) != 1 || part != std::string_view("--checks-only")) {
        EXPECT_EQ(WEXITSTATUS(status), 3) << part;
      }
      EXPECT_EQ(lasting_differences(before), "");
    }
  }
}

}  // namespace
}  // namespace nsbench
