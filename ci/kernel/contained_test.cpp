// What a virtual machine's program may do: nothing that anybody could not.
#include "ci/kernel/contained.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::kernel {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

struct Ended {
  std::string fate;
  std::string output;
};

Ended run(const std::vector<std::string>& argv, bool foreign_words = false,
          const std::string& device = "") {
  const Fd output(::memfd_create("output", MFD_CLOEXEC));
  ContainedSpec spec{.argv = argv, .output = output.get()};
  spec.has_foreign_words = foreign_words;
  spec.device = device;
  Result<Contained> program = Contained::start(spec);
  if (!program) return {program.error().str(), ""};
  if (!program->wait(Deadline::in(30s))) program->kill();
  std::array<char, 16384> text{};
  const ssize_t got = ::pread(output.get(), text.data(), text.size(), 0);
  return {program->fate(), {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))}};
}

class ContainedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Where it is in namespaces of its own it is alone, but for what waits for it.
    const Ended pids = run({"sh", "-c", "cd /proc && echo [0-9]*"});
    if (pids.output.size() > 20) GTEST_SKIP() << "no namespaces here: " << pids.output;
  }
};

TEST_F(ContainedTest, HasNoRightsAndCanGetNone) {
  const Ended ended = run({"cat", "/proc/self/status"});
  EXPECT_EQ(ended.fate, "exited with 0") << ended.output;
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(field_of(ended.output, set), "0000000000000000") << set;
  }
  EXPECT_EQ(field_of(ended.output, "NoNewPrivs"), "1");
  if (::geteuid() == 0) {
    EXPECT_EQ(field_of(ended.output, "Uid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(field_of(ended.output, "Gid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(field_of(ended.output, "Groups"), "");
  }
}

TEST_F(ContainedTest, WritesNothingButItsOwnDirectory) {
  const std::string script =
      "for d in / /tmp /var/tmp /run /dev \"$HOME\"; do "
      "if (echo x >$d/nsbench-test-file) 2>/dev/null; then echo wrote $d; fi; done";
  const Ended ended = run({"sh", "-c", script});
  EXPECT_EQ(ended.output, "wrote /dev/shm\n");
  EXPECT_NE(::access("/dev/shm/nsbench-test-file", F_OK), 0) << "it was the host's";
}

TEST_F(ContainedTest, SeesNeitherOurProcessesNorOurNetworkNorOurSecrets) {
  ::setenv("NSBENCH_TEST_SECRET", "token", 1);
  const Ended ended =
      run({"sh", "-c", "env; cat /proc/net/dev; kill -9 1; kill -9 -1; echo alive"});
  ::unsetenv("NSBENCH_TEST_SECRET");
  EXPECT_THAT(ended.output, Not(HasSubstr("token")));
  EXPECT_THAT(ended.output, HasSubstr("PATH="));
  const Ended devices = run({"sh", "-c", "tail -n +3 /proc/self/net/dev | cut -d: -f1"});
  EXPECT_EQ(trimmed(devices.output).substr(devices.output.find_first_not_of(' ')), "lo");
}

TEST_F(ContainedTest, DoesNotLeaveOneThatIgnoresSignalsOrHidesAway) {
  const std::string mark = "77" + std::to_string(::getpid());
  const Fd output(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  Result<Contained> program = Contained::start(
      {.argv = {"sh", "-c", "trap '' TERM INT HUP; setsid sleep " + mark + " & sleep " + mark},
       .output = output.get()});
  ASSERT_TRUE(program) << program.error().str();
  EXPECT_FALSE(program->wait(Deadline::in(500ms)));
  program->kill();
  EXPECT_EQ(program->fate(), "was killed");
  const Ended left = run({"sh", "-c", "true"});
  EXPECT_EQ(left.fate, "exited with 0");
  const std::string look = "pgrep -f 'sleep " + mark + "$' >/dev/null && echo left";
  EXPECT_NE(std::system(look.c_str()), 0) << "a process is left";
}

// As it has to be of /dev/kvm, for a machine that is nobody's.
TEST_F(ContainedTest, OpensTheDeviceThatItIsGivenAndNoOther) {
  const std::string own = "/dev/kvm";
  struct stat info {};
  if (::geteuid() != 0 || ::stat(own.c_str(), &info) != 0 || (info.st_mode & S_IWOTH) != 0) {
    GTEST_SKIP() << "no " << own << " that is root's";
  }
  const std::vector<std::string> open{"sh", "-c", "exec 3<>/dev/kvm && echo opened"};
  EXPECT_THAT(run(open).output, HasSubstr("Permission denied"));
  EXPECT_EQ(run(open, false, own).output, "opened\n");
  struct stat after {};
  ASSERT_EQ(::stat(own.c_str(), &after), 0);
  EXPECT_EQ(after.st_mode, info.st_mode) << "the host's own was changed";
}

TEST_F(ContainedTest, KeepsTheNetworkOnlyForWordsThatAreNotOurs) {
  const std::string script = "readlink /proc/self/ns/net";
  const Result<std::string> ours = read_link("/proc/self/ns/net");
  ASSERT_TRUE(ours);
  EXPECT_NE(trimmed(run({"sh", "-c", script}).output), *ours);
  EXPECT_EQ(trimmed(run({"sh", "-c", script}, true).output), *ours);
}

}  // namespace
}  // namespace nsbench::kernel
