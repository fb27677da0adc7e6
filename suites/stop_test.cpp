// What nsbench does when it is asked to stop, and is in no state to: the siege has the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/files.h"
#include "reports/file.h"
#include "reports/json.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using namespace std::chrono_literals;
using testing::start_program;

class Stop : public testing::InDirectory {
 protected:
  // Benchmarks for an hour.
  [[nodiscard]] std::vector<std::string> long_run(const std::string& report) const {
    return {NSBENCH_PROGRAM, "run",  "--benchmarks-only",      "--filter", "^create/uts:unshare",
            "--time",        "3600", "--json=" + path(report), "--output", path("text")};
  }
  static bool listens(pid_t pid) {
    const Result<std::string> status = read_small_file("/proc/" + std::to_string(pid) + "/status");
    if (!status) return false;
    const std::string caught = field_of(*status, "SigCgt");
    std::uint64_t bits = 0;
    std::from_chars(caught.data(), caught.data() + caught.size(), bits, 16);
    return (bits >> static_cast<unsigned>(SIGINT - 1) & 1U) != 0;
  }
  static bool wait_until(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  static int status_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }
  Report report(const std::string& name) const {
    const Result<std::string> text = read_file(path(name));
    Result<Report> read = text ? from_json(*text) : text.error();
    EXPECT_TRUE(read) << read.error().str();
    return read ? std::move(*read) : Report{};
  }
};

// As timeout(1) does it: to the program, and to its group. Two of one kind may become one on the
// way.
TEST_F(Stop, TwoSignalsAtOnceAreMeantOnce) {
  const pid_t pid = start_program(long_run("report.json"));
  ASSERT_TRUE(wait_until([pid] { return listens(pid); }));
  ::kill(pid, SIGTERM);
  ::kill(pid, SIGINT);
  const int status = status_of(pid);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_TRUE(report("report.json").run.interrupted);
}

// Nobody reads the pipe that the report goes to.
TEST_F(Stop, ASecondSignalEndsAtOnceWhatCantEndInOrder) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const pid_t pid = start_program(long_run("pipe"));
  ASSERT_TRUE(wait_until([pid] { return listens(pid); }));
  ::kill(pid, SIGINT);
  // It is written first, then the pipe is waited for.
  ASSERT_TRUE(wait_until([this] { return read_file(path("text")).ok(); }));
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0);
  ::kill(pid, SIGINT);
  const int status = status_of(pid);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST_F(Stop, WhatNohupIgnoresStaysIgnored) {
  std::string command = "trap '' HUP; exec";
  for (const std::string& word : long_run("report.json")) command += " '" + word + "'";
  const pid_t pid = start_program({"sh", "-c", command});
  ASSERT_TRUE(wait_until([pid] { return listens(pid); }));
  ::kill(pid, SIGHUP);
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0);
  ::kill(pid, SIGINT);
  const int status = status_of(pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
}

}  // namespace
}  // namespace nsbench
