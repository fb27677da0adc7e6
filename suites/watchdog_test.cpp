#include "suites/watchdog.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace nsbench {
namespace {

using namespace std::chrono_literals;

// A process with a watchdog, which then does this; how it ended.
template <class Act>
ExitStatus watched(Act act, std::string& said) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Result<Child> child = Child::fork([&] {
    ::dup2(ends[1], STDERR_FILENO);
    Result<Watchdog> dog = Watchdog::start(2s);
    if (!dog) return 1;
    act(*dog);
    return 0;
  });
  ::close(ends[1]);
  const Result<ExitStatus> ended = child->wait(Deadline::in(60s));
  char text[512];
  const ssize_t got = ::read(ends[0], text, sizeof text);
  said.assign(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  ::close(ends[0]);
  return ended ? *ended : ExitStatus{.code = 99};
}

TEST(Watchdog, EndsWhatDoesNotBeatAndNamesWhatRan) {
  std::string said;
  const ExitStatus ended = watched(
      [](Watchdog& dog) {
        dog.beat("uts/hostname:clone:root");
        for (;;) ::pause();
      },
      said);
  EXPECT_EQ(ended.signal, SIGKILL);
  EXPECT_THAT(said, ::testing::HasSubstr("the run hangs for 2 s in the kernel"));
  EXPECT_THAT(said, ::testing::HasSubstr("while uts/hostname:clone:root ran"));
}

TEST(Watchdog, LetsLiveWhatBeats) {
  std::string said;
  const ExitStatus ended = watched(
      [](Watchdog& dog) {
        for (int i = 0; i < 40; ++i) {
          dog.beat();
          std::this_thread::sleep_for(100ms);
        }
      },
      said);
  EXPECT_EQ(ended.signal, 0);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(said, "");
}

// As by a shell's Ctrl-Z, or a debugger.
TEST(Watchdog, WaitsForWhatIsStopped) {
  std::string said;
  const ExitStatus ended = watched(
      [](Watchdog& dog) {
        dog.beat();
        const Result<Child> waker = Child::fork([stopped = ::getpid()] {
          std::this_thread::sleep_for(5s);
          return ::kill(stopped, SIGCONT);
        });
        ::raise(SIGSTOP);
        dog.beat();
      },
      said);
  EXPECT_EQ(ended.signal, 0) << said;
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace nsbench
