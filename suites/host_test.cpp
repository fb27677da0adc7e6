// The host is left as it was: after a whole run, and after nsbench is killed at any moment.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "suites/testing/host_state.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using namespace std::chrono_literals;
using testing::differences;
using testing::HostState;
using testing::look_at_host;

const std::vector<std::string> whole_run{NSBENCH_PROGRAM, "run", "--time", "0.02"};

// The host's own processes come and go, and a killed run's last namespaces are torn down a moment
// later: what counts is that the difference goes away.
std::string lasting_differences(const HostState& before) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::string difference;
  do {
    difference = differences(before, look_at_host());
    if (difference.empty()) break;
    std::this_thread::sleep_for(10ms);
  } while (std::chrono::steady_clock::now() < deadline);
  return difference;
}

TEST(Host, IsUntouchedByAWholeRun) {
  const HostState before = look_at_host();
  const testing::Finished run = testing::run_program(whole_run);
  EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 1 || run.exit_code == 3)
      << run.exit_code << "\n"
      << run.err;
  EXPECT_EQ(lasting_differences(before), "");
}

TEST(Host, IsUntouchedAfterKills) {
  constexpr int kills = 24;
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

// SIGINT and SIGTERM end a run early, with exit status 3.
TEST(Host, IsUntouchedAfterAnInterruption) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const HostState before = look_at_host();
    const pid_t pid = testing::start_program({NSBENCH_PROGRAM, "run", "--suite", "gate"});
    ASSERT_GT(pid, 0);
    std::this_thread::sleep_for(700ms);
    ::kill(pid, signal);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
    EXPECT_EQ(lasting_differences(before), "");
  }
}

}  // namespace
}  // namespace nsbench
