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
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/files.h"
#include "probes/sandbox/support.h"
#include "reports/file.h"
#include "reports/json.h"
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

testing::Finished compare(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "compare"});
  return testing::run_program(arguments);
}

// A short comparison of this nsbench with itself.
std::vector<std::string> with_itself(const std::string& seconds) {
  return {"--run",
          NSBENCH_PROGRAM,
          "--run",
          fmt::format("sh -c 'exec \"$0\" worker' \"{}\"", NSBENCH_PROGRAM),
          "--null",
          "--filter",
          "^create/none:clone:",
          "--time",
          seconds};
}

class CompareRun : public ::testing::Test {
 protected:
  CompareRun()
      : directory_(std::filesystem::temp_directory_path() /
                   fmt::format("nsbench-compare-{}", ::getpid())) {}
  ~CompareRun() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] Report saved(const std::string& side) const {
    const Result<std::string> text = read_file(directory_ / (side + ".json"));
    EXPECT_TRUE(text) << text.error().str();
    const Result<Report> report = text ? from_json(*text) : Error{"none"};
    EXPECT_TRUE(report) << report.error().str();
    return report ? *report : Report{};
  }

  std::filesystem::path directory_;
};

TEST_F(CompareRun, MeasuresSavesAndComparesLikeTheSavedReports) {
  std::vector<std::string> arguments = with_itself("1");
  arguments.insert(arguments.end(), {"--save", directory_, "--starts", "1"});
  const testing::Finished run = compare(arguments);
  if (saved("base").series.at(0).skip) GTEST_SKIP() << run.out;
  for (const char* side : {"base", "new", "null"}) {
    const Report report = saved(side);
    EXPECT_EQ(report.run.side, side);
    EXPECT_THAT(report.run.command, HasSubstr("compare --run"));
    ASSERT_THAT(report.series, SizeIs(1));
    EXPECT_THAT(report.series[0].batches, SizeIs(10));
  }
  const testing::Finished again =
      compare({directory_ / "base.json", "--", directory_ / "new.json", directory_ / "null.json"});
  EXPECT_EQ(again.exit_code, run.exit_code);
  EXPECT_EQ(again.out, run.out);
  EXPECT_THAT(run.err, IsEmpty());
}

TEST_F(CompareRun, UsageErrorsExit2AndSayWhatIsWrong) {
  EXPECT_THAT(compare({"--run", NSBENCH_PROGRAM}).err, HasSubstr("--run is given twice"));
  EXPECT_EQ(compare({"--null", "base.json", "new.json"}).exit_code, 2);
  std::vector<std::string> both = with_itself("0.1");
  both.emplace_back("base.json");
  EXPECT_THAT(compare(both).err, HasSubstr("saved reports"));
  const testing::Finished open = compare({"--run", "'a", "--run", "b"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("--run \"'a\": a quote is left open"));
  const testing::Finished absent = compare({"--run", "/no/such/program", "--run", "b"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_THAT(absent.err, HasSubstr("side base: the worker exited with 127"));
  EXPECT_THAT(compare({"--run", "a", "--run", "b", "--before", "c"}).err,
              HasSubstr("--before is given twice"));
  const testing::Finished none =
      compare({"--run", "a", "--run", "b", "--filter", "no such benchmark"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no such benchmark"));
}

TEST_F(CompareRun, AWorkerThatDiesExits3AndWhatThereIsIsSaved) {
  const std::string script = "(sleep 0.5; kill -9 $$) & exec \"$0\" worker";
  const testing::Finished run = compare(
      {"--run", NSBENCH_PROGRAM, "--run", fmt::format("sh -c '{}' \"{}\"", script, NSBENCH_PROGRAM),
       "--filter", "^create/none:clone:", "--time", "60", "--save", directory_});
  EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
  const Report report = saved("new");
  if (report.series.at(0).skip) GTEST_SKIP() << report.series[0].error;
  EXPECT_FALSE(report.series[0].is_result());
  EXPECT_THAT(report.warnings, Contains(Field(&Warning::code, "worker-died")));
}

// What `compare` has started, once its workers measure; it is then sent `signal`.
std::vector<pid_t> signal_in_the_middle(pid_t pid, int signal) {
  std::vector<pid_t> family;
  const Deadline deadline = Deadline::in(long_enough);
  // Itself, three guardians, workers and arenas, at least.
  while (family.size() < 10 && !deadline.passed() && ::kill(pid, 0) == 0) {
    family = family_of(pid);
    std::this_thread::sleep_for(milliseconds(5));
  }
  ::kill(pid, signal);
  return family;
}

TEST_F(CompareRun, NothingIsLeftWhenItIsKilledInTheMiddle) {
  std::vector<std::string> arguments = with_itself("60");
  arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "compare"});
  const pid_t pid = testing::start_program(arguments);
  const std::vector<pid_t> family = signal_in_the_middle(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(all_gone(family));
}

TEST_F(CompareRun, AnInterruptionKeepsWhatWasMeasured) {
  std::vector<std::string> arguments = with_itself("60");
  arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "compare"});
  arguments.insert(arguments.end(), {"--save", directory_});
  const pid_t pid = testing::start_program(arguments);
  const std::vector<pid_t> family = signal_in_the_middle(pid, SIGINT);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_TRUE(saved("base").run.interrupted);
  EXPECT_TRUE(all_gone(family));
}

}  // namespace
}  // namespace nsbench
