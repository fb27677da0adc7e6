// nsbench worker as a controller meets it: over pipes, in lock step, and when the other end is
// gone.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/files.h"
#include "probes/sandbox/support.h"
#include "suites/lockstep/lockstep.h"
#include "suites/lockstep/side.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using lockstep::BatchResult;
using lockstep::Side;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr milliseconds long_enough{60'000};

CaseId case_here(std::string_view what) {
  return *CaseId::parse(fmt::format("{}:{}", what, Support::look().sys_admin ? "root" : "userns"));
}

Result<Side> start_worker() {
  return Side::start(
      [] {
        return lockstep::connect_to_command({NSBENCH_PROGRAM, "worker"}, long_enough);
      },
      Deadline::in(long_enough), nullptr);
}

BatchResult batch(Side& side, const std::string& id, std::uint64_t number = 1) {
  const Result<BatchResult> result =
      side.run({.batch = number, .case_id = id, .seconds = 0.01}, Deadline::in(long_enough));
  EXPECT_TRUE(result) << result.error().str();
  return result ? *result : BatchResult{};
}

bool nothing_runs_here(const BatchResult& result) {
  return result.outcome == BatchResult::Outcome::Skipped;
}

testing::Finished worker_given(const std::string& input) {
  return testing::run_program(
      {"sh", "-c", "printf \"$1\" | \"$0\" worker", NSBENCH_PROGRAM, input});
}

// The ids of all descendants of a process, itself among them.
std::vector<pid_t> family_of(pid_t pid) {
  std::vector<pid_t> all{pid};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Result<std::string> text =
        read_small_file(fmt::format("/proc/{}/task/{}/children", all[i], all[i]));
    std::istringstream children(text ? *text : "");
    for (pid_t child = 0; children >> child;) all.push_back(child);
  }
  return all;
}

bool all_gone(const std::vector<pid_t>& pids) {
  const Deadline deadline = Deadline::in(long_enough);
  while (!deadline.passed()) {
    bool any = false;
    for (const pid_t pid : pids) any = any || ::kill(pid, 0) == 0;
    if (!any) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

TEST(Worker, SaysWhoItIsAndRunsWhatItIsAsked) {
  Result<Side> side = start_worker();
  ASSERT_TRUE(side) << side.error().str();
  EXPECT_EQ(side->hello().workload, workload_version);
  EXPECT_EQ(side->hello().clock, "wall");
  const std::string id = case_here("create/uts:unshare").str();
  const BatchResult result = batch(*side, id);
  EXPECT_THAT(side->facts(), Contains(Field(&lockstep::About::name, "boot_id")));
  if (nothing_runs_here(result)) GTEST_SKIP() << result.error;
  ASSERT_EQ(result.outcome, BatchResult::Outcome::Measured) << result.error;
  EXPECT_GE(result.n, 8U);
  EXPECT_GE(result.p25, result.min);
  EXPECT_LE(result.p25, result.p50);
  EXPECT_FALSE(result.samples.empty());
  EXPECT_TRUE(std::is_sorted(result.samples.begin(), result.samples.end()));
  EXPECT_EQ(batch(*side, id, 2).outcome, BatchResult::Outcome::Measured);
}

TEST(Worker, ACaseItDoesNotHaveIsAnAnswer) {
  Result<Side> side = start_worker();
  ASSERT_TRUE(side) << side.error().str();
  const BatchResult result = batch(*side, "create/nothing:clone:root");
  EXPECT_EQ(result.outcome, BatchResult::Outcome::Broken);
  EXPECT_THAT(result.error, HasSubstr("no such benchmark"));
}

TEST(Worker, EndsWithItsInputAndSaysGoodbyeIfAsked) {
  const testing::Finished asked = worker_given("bye\\n");
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_THAT(asked.out, ::testing::EndsWith("bye\n"));
  EXPECT_THAT(asked.err, IsEmpty());
  EXPECT_EQ(worker_given("").exit_code, 3);
}

TEST(Worker, RefusesWhatIsNoLineOfTheProtocol) {
  for (const char* line :
       {"ls -l\\n", "hello protocol=1 workload=1 kernel=6 clock=wall\\n", "\\n"}) {
    const testing::Finished run = worker_given(line);
    EXPECT_EQ(run.exit_code, 2) << line;
    EXPECT_THAT(run.out, HasSubstr("bye reason=")) << line;
    EXPECT_THAT(run.err, HasSubstr("nsbench: ")) << line;
  }
}

// In the middle of a batch that would take long.
TEST(Worker, EndsAtOnceWithEverythingOfItWhenItsControllerIsGone) {
  std::vector<pid_t> family;
  {
    std::array<int, 2> in{};
    ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int nothing = ::open("/dev/null", O_RDWR);
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(nothing, STDOUT_FILENO);
      ::execl(NSBENCH_PROGRAM, "nsbench", "worker", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    const std::string line =
        fmt::format("run batch=1 case={} seconds=30\n", case_here("create/user:unshare").str());
    ASSERT_EQ(::write(in[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
    const Deadline deadline = Deadline::in(long_enough);
    while (family.size() < 4 && !deadline.passed() && ::waitpid(pid, nullptr, WNOHANG) == 0) {
      family = family_of(pid);
      std::this_thread::sleep_for(milliseconds(5));
    }
    ::close(in[1]);
    const auto left = std::chrono::steady_clock::now();
    ::waitpid(pid, nullptr, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - left, std::chrono::seconds(20)) << "not 30 s";
  }
  EXPECT_TRUE(all_gone(family));
}

TEST(Worker, TwoOfThemAreMeasuredInLockStep) {
  const std::array sides{SideSpec{"base", {NSBENCH_PROGRAM, "worker"}},
                         SideSpec{"new", {"sh", "-c", "\"$0\" worker", NSBENCH_PROGRAM}}};
  const std::array cases{case_here("create/uts:unshare"), case_here("join/none:setns"),
                         case_here("create/none:clone")};
  LockstepOptions options;
  options.batch_seconds = 0.01;
  options.seconds_per_side = 0.08;
  options.starts = 2;
  const Result<std::vector<Report>> reports = run_lockstep(sides, cases, options);
  ASSERT_TRUE(reports) << reports.error().str();
  if (reports->front().series[0].skip) GTEST_SKIP() << reports->front().series[0].error;
  for (const Report& report : *reports) {
    EXPECT_FALSE(report.run.interrupted);
    EXPECT_FALSE(report.kernel.boot_id.empty());
    EXPECT_FALSE(report.environment.cpu_model.empty());
    for (const Series& series : report.series) {
      EXPECT_TRUE(series.is_result()) << series.error;
      EXPECT_THAT(series.batches, SizeIs(8));
      EXPECT_EQ(series.warmup_batches, 2U);
      EXPECT_FALSE(series.workload.empty());
    }
  }
}

}  // namespace
}  // namespace nsbench
