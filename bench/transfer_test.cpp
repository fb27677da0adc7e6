// What passes between two ends, over sockets without a network: what is lost is an error, never a
// time.
#include "bench/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>

#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"

namespace nsbench::bench {
namespace {

using testing::HasSubstr;

// The other end in a process of its own.
class Ends {
 public:
  Ends(Transport transport, const std::function<int(int)>& other) {
    std::array<int, 2> ends{};
    const int type = transport == Transport::Tcp ? SOCK_STREAM : SOCK_DGRAM;
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
    near_ = Fd(ends[0]);
    far_ = Fd(ends[1]);
    Result<Child> child = Child::fork([&] {
      near_.reset();
      return other(far_.get());
    });
    EXPECT_TRUE(child);
    if (child) child_ = std::move(*child);
    far_.reset();
    limit_waits(near_.get());
  }
  [[nodiscard]] int fd() const { return near_.get(); }
  // How the other end ended, once this one hung up.
  int hang_up() {
    near_.reset();
    const Result<ExitStatus> ended = child_.wait(Deadline::in(std::chrono::seconds(20)));
    return ended && ended->signal == 0 ? ended->code : -1;
  }

 private:
  Fd near_, far_;
  Child child_;
};

const Stopwatch stopwatch = Stopwatch::calibrate();

struct Kind {
  Transfer what;
  Transport by;
};

class Transfers : public testing::TestWithParam<Kind> {
 protected:
  static std::string trouble(const Timing& timing) {
    return timing ? "" : Error{timing.step(), timing.err()}.str();
  }
};

TEST_P(Transfers, TakeTimeAgainAndAgain) {
  const Kind kind = GetParam();
  Ends ends(kind.by, [&](int socket) { return serve(kind.what, kind.by, socket); });
  for (std::uint64_t number = 0; number < 5; ++number) {
    const Timing took = transfer(kind.what, kind.by, ends.fd(), number, stopwatch);
    ASSERT_TRUE(took) << trouble(took);
    EXPECT_GT(*took, 0);
  }
  if (kind.by == Transport::Tcp) {
    EXPECT_EQ(ends.hang_up(), 0);
  }
}

TEST_P(Transfers, WithNobodyAtTheOtherEndIsAnError) {
  const Kind kind = GetParam();
  Ends ends(kind.by, [](int) { return 0; });
  EXPECT_EQ(ends.hang_up(), 0);
  EXPECT_FALSE(transfer(kind.what, kind.by, ends.fd(), 0, stopwatch));
}

// Takes all, and never answers.
int swallow(int socket) {
  std::array<char, written_bytes> bytes{};
  while (::recv(socket, bytes.data(), bytes.size(), 0) > 0) {
  }
  return 0;
}

TEST_P(Transfers, AnAnswerThatDoesNotComeIsAnError) {
  const Kind kind = GetParam();
  Ends ends(kind.by, swallow);
  EXPECT_THAT(trouble(transfer(kind.what, kind.by, ends.fd(), 0, stopwatch)),
              HasSubstr("did not come within 2 s"));
}

INSTANTIATE_TEST_SUITE_P(All, Transfers,
                         testing::Values(Kind{Transfer::RoundTrip, Transport::Tcp},
                                         Kind{Transfer::RoundTrip, Transport::Udp},
                                         Kind{Transfer::Delivery, Transport::Tcp},
                                         Kind{Transfer::Delivery, Transport::Udp}));

// A round trip's answer is what was asked; a delivery's is counted.
TEST(Deliveries, TheAnswerToAnotherCallIsAnError) {
  for (const Transport by : {Transport::Tcp, Transport::Udp}) {
    Ends ends(by, [by](int socket) { return serve(Transfer::Delivery, by, socket); });
    EXPECT_FALSE(transfer(Transfer::Delivery, by, ends.fd(), 7, stopwatch));
  }
}

// A network between the two that drops the datagram with this number.
int drop(int socket, std::uint64_t lost) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()) != 0) return 1;
  const Result<Child> other =
      Child::fork([&] { return serve(Transfer::Delivery, Transport::Udp, ends[1]); });
  std::array<char, datagram_bytes> bytes{};
  for (std::uint64_t number = 0;; ++number) {
    if (::recv(socket, bytes.data(), bytes.size(), 0) <= 0) return 0;
    if (number == lost) continue;
    ::send(ends[0], bytes.data(), bytes.size(), 0);
    const ssize_t answer = ::recv(ends[0], bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (answer > 0) ::send(socket, bytes.data(), static_cast<std::size_t>(answer), 0);
    if ((number + 1) % window != 0) continue;
    const ssize_t last = ::recv(ends[0], bytes.data(), bytes.size(), 0);
    if (last > 0) ::send(socket, bytes.data(), static_cast<std::size_t>(last), 0);
  }
}

TEST(DatagramsOnTheirWay, AreCountedByTheOtherEnd) {
  // Late in the second window: the first was whole.
  Ends ends(Transport::Udp, [](int socket) { return drop(socket, window + 5); });
  const Timing took = transfer(Transfer::Delivery, Transport::Udp, ends.fd(), 0, stopwatch);
  ASSERT_FALSE(took);
  EXPECT_STREQ(took.step(), "datagrams were lost, or came out of order");
}

}  // namespace
}  // namespace nsbench::bench
