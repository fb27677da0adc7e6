#include "probes/sandbox/channel.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>
#include <csignal>

namespace nsbench {
namespace {

using namespace std::chrono_literals;

class ChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    ASSERT_TRUE(ends.ok()) << ends.error().str();
    ours = std::move(ends->first);
    theirs = std::move(ends->second);
  }
  Channel ours, theirs;
};

TEST_F(ChannelTest, MessagesArriveWholeAndInOrder) {
  const std::string longest(Channel::max_message, 'x');
  ASSERT_TRUE(ours.send(std::string_view("one\0\n", 5)).ok());
  ASSERT_TRUE(ours.send(longest).ok());
  ASSERT_TRUE(ours.send("three").ok());
  EXPECT_EQ(*theirs.receive(), std::string("one\0\n", 5));
  EXPECT_EQ(*theirs.receive(), longest);
  EXPECT_EQ(*theirs.receive(), "three");
}

TEST_F(ChannelTest, RefusesAMessageThatIsTooLongAndSendsNothingOfIt) {
  const Status sent = ours.send(std::string(Channel::max_message + 1, 'x'));
  EXPECT_EQ(sent.error().str(), "a message of 65537 bytes is over the channel's 65536");
  EXPECT_EQ(theirs.receive(Deadline::in(0ms)).error().err, ETIMEDOUT);
}

TEST_F(ChannelTest, RefusesAnEmptyMessage) {
  EXPECT_FALSE(ours.send("").ok());
  EXPECT_EQ(theirs.receive(Deadline::in(0ms)).error().err, ETIMEDOUT);
}

TEST_F(ChannelTest, ADeadPeerIsAnErrorAndNoSignal) {
  theirs.close();
  EXPECT_EQ(ours.send("hello").error().str(), "send to peer: EPIPE");
  EXPECT_EQ(ours.receive().error().err, ECONNRESET);
  EXPECT_EQ(ours.receive(Deadline::in(1h)).error().err, ECONNRESET);
}

TEST_F(ChannelTest, LastWordsAreHeard) {
  ASSERT_TRUE(theirs.send("last words").ok());
  theirs.close();
  EXPECT_EQ(*ours.receive(), "last words");
  EXPECT_EQ(ours.receive().error().err, ECONNRESET);
}

TEST_F(ChannelTest, KnowsWhenThePeerIsGone) {
  ASSERT_TRUE(theirs.send("still here").ok());
  EXPECT_FALSE(ours.peer_gone());
  theirs.close();
  EXPECT_TRUE(ours.peer_gone());
}

TEST_F(ChannelTest, WaitsNoLongerThanItsDeadline) {
  EXPECT_EQ(ours.receive(Deadline::in(1ms)).error().str(), "receive from peer: ETIMEDOUT");
}

// A timer whose handler interrupts system calls.
class Interruptions {
 public:
  Interruptions() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, nullptr);
    const itimerval often{.it_interval = {0, 1000}, .it_value = {0, 1000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~Interruptions() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::signal(SIGALRM, SIG_DFL);
  }
};

TEST_F(ChannelTest, SignalsDoNotEndAWait) {
  const Interruptions interruptions;
  EXPECT_EQ(ours.receive(Deadline::in(50ms)).error().err, ETIMEDOUT);
}

}  // namespace
}  // namespace nsbench
