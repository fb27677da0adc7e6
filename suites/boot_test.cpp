// Kernels that are booted: Debian's and User-Mode Linux, as ci/fetch-kernels.sh leaves them.
// Skipped, with the reason, where there are none, or no static nsbench to boot them with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string build = NSBENCH_SOURCE_DIR "/build";
#ifdef NSBENCH_INIT
const std::string init = NSBENCH_INIT;
#else
const std::string init = "nsbench-static";  // is not built here
#endif
const std::string uml = build + "/deps/kernels/uml-6.1/linux";
const std::string old_kernel = build + "/deps/kernels/debian-6.1/vmlinuz";
const std::string new_kernel = build + "/deps/kernels/debian-6.12/vmlinuz";

Finished nsbench(const std::vector<std::string>& words) {
  std::vector<std::string> command{NSBENCH_PROGRAM};
  command.insert(command.end(), words.begin(), words.end());
  return testing::run_program(command);
}

// Processes with `marker` on their command line.
std::vector<pid_t> processes_with(const std::string& marker) {
  std::vector<pid_t> pids;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string words{std::istreambuf_iterator<char>(file), {}};
    const std::string name = entry.path().filename();
    if (words.find(marker) != std::string::npos &&
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      pids.push_back(std::stoi(name));
    }
  }
  return pids;
}

// The machine's own processes, which are not nsbench's.
std::vector<pid_t> machines_with(const std::string& marker) {
  std::vector<pid_t> pids = processes_with(marker);
  std::erase_if(pids, [](pid_t pid) {
    std::error_code failed;
    return fs::read_symlink(fs::path("/proc") / std::to_string(pid) / "exe", failed).filename() ==
           "nsbench";
  });
  return pids;
}

bool wait_until(const std::function<bool()>& holds) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

class Boot : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    marker_ = "nsbench.test=" + std::to_string(::getpid());
  }
  void TearDown() override {
    // Whatever happened, nothing is left that a test started.
    EXPECT_TRUE(wait_until([this] { return processes_with(marker_).empty(); }));
    InDirectory::TearDown();
  }
  static bool can_boot(const std::string& kernel) { return fs::exists(kernel) && fs::exists(init); }
  Report report(const std::string& file) const {
    const Result<std::string> text = read_file(path(file));
    EXPECT_TRUE(text) << text.error().str();
    if (!text) return {};
    Result<Report> read = from_json(*text);
    EXPECT_TRUE(read) << read.error().str();
    return read ? std::move(*read) : Report{};
  }
  // As nsbench boot is started by all tests.
  std::vector<std::string> words(const std::string& kernel, std::vector<std::string> more) const {
    std::vector<std::string> all{"boot", kernel, "--init", init, "--append", marker_};
    if (kernel != uml) all.insert(all.end(), {"--engine", "qemu-tcg"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::string marker_;
};

#define NEEDS(kernel)                                                                \
  if (!can_boot(kernel)) {                                                           \
    GTEST_SKIP() << (kernel) << " or " << init                                       \
                 << " is not there: ci/install-deps.sh --boot; ci/fetch-kernels.sh"; \
  }                                                                                  \
  static_assert(true)

TEST_F(Boot, UserModeLinuxGivesAReportAsIfItHadRunHere) {
  NEEDS(uml);
  const Finished run = nsbench(words(uml, {"--json=" + path("uml.json"), "--", "--filter",
                                           "^(uts/|create/uts:unshare)", "--time", "0.1"}));
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("uts/hostname"));
  const Report got = report("uml.json");
  EXPECT_EQ(got.kernel.engine, "uml");
  EXPECT_EQ(got.kernel.clock, "wall");
  EXPECT_THAT(got.kernel.release, StartsWith("6.1"));
  EXPECT_GT(got.kernel.boot_seconds, 0);
  EXPECT_THAT(got.kernel.cmdline, HasSubstr(marker_));
  EXPECT_THAT(got.run.command, HasSubstr("nsbench boot"));
  EXPECT_THAT(got.kernel.splats, IsEmpty());
  EXPECT_FALSE(got.run.interrupted);
  EXPECT_GT(std::count_if(got.cases.begin(), got.cases.end(),
                          [](const CaseResult& c) { return c.verdict == VerdictKind::Pass; }),
            20);
  ASSERT_EQ(got.series.size(), 1U);
  EXPECT_TRUE(got.series.front().is_result()) << got.series.front().error;
}

TEST_F(Boot, DebiansKernelHasItsModulesAndLosesNoCoverage) {
  NEEDS(new_kernel);
  const Finished run =
      nsbench(words(new_kernel, {"--json=" + path("debian.json"), "--", "--checks-only", "--filter",
                                 "^(net/interfaces|uts/hostname|ipc/mqueue|mnt/overlay|cgroup/)"}));
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const Report got = report("debian.json");
  EXPECT_EQ(got.kernel.engine, "qemu-tcg");
  EXPECT_THAT(got.kernel.release, StartsWith("6.12"));
  EXPECT_FALSE(got.kernel.config_options.empty());
  for (const CaseResult& result : got.cases) {
    EXPECT_NE(result.skip, SkipReason::NoModule) << result.id.str() << ": " << result.observed;
  }
}

TEST_F(Boot, AKernelThatPanicsAtBootIsToldWithItsLastLines) {
  NEEDS(uml);
  const Finished run = nsbench({"boot", uml, "--init", init, "--append",
                                marker_ + " rdinit=/nowhere root=/dev/nowhere", "--json=-"});
  EXPECT_EQ(run.exit_code, 3) << run.err;
  EXPECT_THAT(run.err, HasSubstr("the kernel panicked"));
  EXPECT_THAT(run.err, HasSubstr("Kernel panic - not syncing"));
  EXPECT_THAT(run.out, IsEmpty());
}

TEST_F(Boot, AMachineThatHangsIsGivenUpAtItsDeadline) {
  NEEDS(new_kernel);
  // QEMU starts it with its processor stopped.
  const Finished run = nsbench(words(new_kernel, {"--qemu-arg=-S", "--timeout", "3"}));
  EXPECT_EQ(run.exit_code, 3) << run.err;
  EXPECT_THAT(run.err, HasSubstr("the machine was not done after 3 s"));
}

TEST_F(Boot, WhatCameOutBeforeTheGuestWasKilledIsKept) {
  NEEDS(uml);
  std::vector<std::string> command{NSBENCH_PROGRAM};
  // Benchmarks that would take for ever; the checks before them are quick.
  for (const std::string& word :
       words(uml, {"--json=" + path("killed.json"), "--console", path("console"), "--", "--filter",
                   "^(uts/hostname|create/uts:unshare)", "--time", "3600"})) {
    command.push_back(word);
  }
  const pid_t boot = testing::start_program(command);
  const bool timing = wait_until([this] {
    const Result<std::string> console = read_file(path("console"));
    return console && console->find("begin create/uts:unshare") != std::string::npos;
  });
  EXPECT_TRUE(timing);
  for (const pid_t pid : machines_with(marker_)) ::kill(pid, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(boot, &status, 0), boot);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  const Report got = report("killed.json");
  EXPECT_TRUE(got.run.interrupted);
  EXPECT_FALSE(got.cases.empty());
  EXPECT_TRUE(std::any_of(got.warnings.begin(), got.warnings.end(),
                          [](const Warning& warning) { return warning.code == "guest-died"; }));
}

TEST_F(Boot, NoMachineOutlivesNsbenchWhateverKillsIt) {
  for (const std::string& kernel : {uml, new_kernel}) {
    if (!can_boot(kernel)) continue;
    for (const int signal : {SIGKILL, SIGTERM}) {
      std::vector<std::string> command{NSBENCH_PROGRAM};
      for (const std::string& word : words(kernel, {"--", "--time", "3600"})) {
        command.push_back(word);
      }
      const pid_t boot = testing::start_program(command);
      EXPECT_TRUE(wait_until([this] { return !machines_with(marker_).empty(); }));
      ::kill(boot, signal);
      EXPECT_EQ(::waitpid(boot, nullptr, 0), boot);
      EXPECT_TRUE(wait_until([this] { return processes_with(marker_).empty(); })) << kernel;
    }
  }
}

TEST_F(Boot, ABrokenImageIsBadInput) {
  const std::string file = saved("vmlinuz", std::string(4096, 'x'));
  const Finished garbage = nsbench({"boot", file});
  EXPECT_EQ(garbage.exit_code, 2);
  EXPECT_THAT(garbage.err, HasSubstr(file));
  NEEDS(new_kernel);
  const Result<std::string> image = read_file(new_kernel);
  ASSERT_TRUE(image);
  const std::string half = saved("half", image->substr(0, image->size() / 2));
  const Finished cut = nsbench({"boot", half});
  EXPECT_EQ(cut.exit_code, 2) << cut.err;
  EXPECT_THAT(cut.err, HasSubstr(half));
}

TEST_F(Boot, TheGuestsOptionsAreCheckedInTheGuestAndOursHere) {
  NEEDS(uml);
  const Finished ours = nsbench(words(uml, {"--", "--json"}));
  EXPECT_EQ(ours.exit_code, 2);
  EXPECT_THAT(ours.err, HasSubstr("--json stands before --"));
  const Finished theirs = nsbench(words(uml, {"--", "--no-such-option"}));
  EXPECT_EQ(theirs.exit_code, 3);
  EXPECT_THAT(theirs.err, HasSubstr("--no-such-option"));
}

class Gate : public Boot {
 protected:
  std::vector<std::string> gate(const std::string& base, const std::string& now,
                                std::vector<std::string> more) const {
    std::vector<std::string> all{"gate",
                                 "--init",
                                 init,
                                 "--base",
                                 base,
                                 "--new",
                                 now,
                                 "--base-append",
                                 marker_,
                                 "--new-append",
                                 marker_,
                                 "--filter",
                                 "^(uts/hostname|create/uts:unshare|join/uts:setns)"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(Gate, AKernelPassesAgainstItselfByInstructions) {
  NEEDS(new_kernel);
  const Finished run =
      nsbench(gate(new_kernel, new_kernel,
                   {"--boots", "2", "--json=" + path("gate.json"), "--update-base", path("base"),
                    "--policy", std::string(NSBENCH_SOURCE_DIR) + "/ci/policy.json"}));
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, StartsWith("PASS: "));
  // What it wrote is a base for the next.
  for (int again = 0; again < 2; ++again) {
    const Finished saved = nsbench(gate(path("base"), new_kernel, {"--boots", "2"}));
    EXPECT_EQ(saved.exit_code, 0) << saved.out << saved.err;
  }
}

TEST_F(Gate, AMissingImageIsSkippedInABisection) {
  NEEDS(uml);
  const Finished run = nsbench(gate(uml, path("not-built"), {"--bisect"}));
  EXPECT_EQ(run.exit_code, 125) << run.err;
  EXPECT_THAT(run.err, HasSubstr("not-built"));
  EXPECT_EQ(nsbench({"gate", "--bisect", "--base", uml}).exit_code, 128);
  EXPECT_EQ(nsbench(gate(uml, path("not-built"), {})).exit_code, 2);
}

TEST_F(Gate, AKernelThatDoesNotBootCantBeTold) {
  NEEDS(uml);
  const Finished run =
      nsbench({"gate", "--init", init, "--checks-only", "--filter", "^uts/hostname", "--base", uml,
               "--new", uml, "--base-append", marker_, "--new-append",
               marker_ + " rdinit=/nowhere root=/dev/nowhere"});
  EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
  EXPECT_THAT(run.out, StartsWith("CAN'T TELL: no report came back from the new kernel"));
  EXPECT_THAT(run.out, HasSubstr("Kernel panic"));
}

}  // namespace
}  // namespace nsbench

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
