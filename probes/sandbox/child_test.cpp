#include "probes/sandbox/child.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>

#include "probes/sandbox/channel.h"

namespace nsbench {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;  // only a hung test waits so long

ExitStatus ended(const Child::Body& body) {
  Result<Child> child = Child::fork(body);
  EXPECT_TRUE(child.ok());
  const Result<ExitStatus> status = child->wait(Deadline::in(patience));
  EXPECT_TRUE(status.ok()) << status.error().str();
  return status.ok() ? *status : ExitStatus{};
}

int sleep_forever() {
  for (;;) ::pause();
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

TEST(Child, TellsHowItEnded) {
  EXPECT_EQ(ended([] { return 0; }).str(), "exited with 0");
  EXPECT_EQ(ended([] { return 3; }).str(), "exited with 3");
  EXPECT_EQ(ended([] { return ::raise(SIGTERM); }).str(), "killed by SIGTERM");
}

TEST(Child, AnExceptionEndsItWithStatus70) {
  EXPECT_EQ(ended([]() -> int { throw std::runtime_error("in the body"); }).code, 70);
  EXPECT_EQ(ended([]() -> int { throw 1; }).code, 70);
}

// Says so when it is destroyed.
struct Guard {
  Channel& channel;
  ~Guard() { static_cast<void>(channel.send("destroyed")); }
};

TEST(Child, DestroysNothingOfItsParents) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  ASSERT_TRUE(ends.ok());
  const Guard guard{ends->second};
  ended([] { return 0; });
  ended([]() -> int { throw std::runtime_error("in the body"); });
  EXPECT_EQ(ends->first.receive(Deadline::in(0ms)).error().err, ETIMEDOUT);
}

TEST(Child, KeepsRunningAtTheDeadlineAndCanBeKilledThen) {
  Result<Child> child = Child::fork(sleep_forever);
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(child->wait(Deadline::in(1ms)).error().err, ETIMEDOUT);
  EXPECT_TRUE(child->running());
  EXPECT_EQ(child->kill().str(), "killed by SIGKILL");
  EXPECT_FALSE(child->running());
  EXPECT_EQ(child->wait(Deadline::in(0ms)).error().err, ECHILD);
}

TEST(Child, LeavesNoZombieOnAnyPath) {
  ended([] { return 0; });
  EXPECT_FALSE(has_children());
  { const Result<Child> destroyed = Child::fork(sleep_forever); }
  EXPECT_FALSE(has_children());
  Result<Child> replaced = Child::fork(sleep_forever);
  ASSERT_TRUE(replaced.ok());
  *replaced = Child();
  EXPECT_FALSE(has_children());
}

// A process started by one that ignores SIGCHLD ignores it too, and the kernel reaps its children.
TEST(Child, AStatusThatIsLostIsNotSuccess) {
  EXPECT_EQ(ended([] {
              ::signal(SIGCHLD, SIG_IGN);
              Result<Child> child = Child::fork([] { return 3; });
              if (!child) return 1;
              const Result<ExitStatus> status = child->wait();
              return !status && status.error().err == ECHILD ? 0 : 2;
            }).code,
            0);
}

TEST(Child, AFailedCallIsNamed) {
  const auto refuses = [](std::uint64_t, int*) -> pid_t {
    errno = EPERM;
    return -1;
  };
  const Result<Child> child = Child::start("clone(CLONE_NEWUTS)", refuses, 0, [] { return 0; });
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().str(), "clone(CLONE_NEWUTS): EPERM");
}

int open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), ::closedir);
  int count = 0;
  while (dir && ::readdir(dir.get()) != nullptr) ++count;
  return count;
}

TEST(Child, InheritsNoDescriptorOfTheDoorsOwn) {
  const int before = open_descriptors();
  EXPECT_EQ(ended([before] { return open_descriptors() - before; }).code, 0);
  EXPECT_EQ(open_descriptors(), before);
}

// A parent with a child of its own that says so, and then ends by `end`. The child holds the only
// other end of the channel, so its death is an end of file.
void expect_child_dies_with_parent(int (*end)()) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  ASSERT_TRUE(ends.ok());
  Result<Child> parent = Child::fork([&] {
    ends->first.close();
    const Result<Child> child = Child::fork(sleep_forever);
    return child && ends->second.send("forked") ? end() : 1;
  });
  ASSERT_TRUE(parent.ok());
  ends->second.close();
  ASSERT_EQ(*ends->first.receive(Deadline::in(patience)), "forked");
  parent->kill();
  EXPECT_EQ(ends->first.receive(Deadline::in(patience)).error().err, ECONNRESET);
}

TEST(Child, DiesWhenItsParentIsKilled) { expect_child_dies_with_parent(sleep_forever); }

// The parent is often gone before its child has asked to die with it.
TEST(Child, DiesWhenItsParentIsKilledAtOnce) {
  for (int i = 0; i < 50 && !HasFailure(); ++i) {
    expect_child_dies_with_parent([] { return ::raise(SIGKILL); });
  }
}

}  // namespace
}  // namespace nsbench
