#include "bench/transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace nsbench::bench {
namespace {

// What an end sends from and receives into. Each process has its own copy.
std::array<char, written_bytes> buffer;

constexpr std::uint64_t datagrams_per_delivery = delivered_bytes / datagram_bytes;
// What is said of a window in which something was missing.
constexpr std::uint64_t something_lost = UINT64_MAX;

void put_number(std::uint64_t number) { std::memcpy(buffer.data(), &number, sizeof number); }
std::uint64_t number_in_buffer() {
  std::uint64_t number = 0;
  std::memcpy(&number, buffer.data(), sizeof number);
  return number;
}

bool send_whole(int socket, std::size_t size) {
  return ::send(socket, buffer.data(), size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

// One message of this size: over TCP as many bytes, however they come.
bool receive_whole(int socket, std::size_t size) {
  return ::recv(socket, buffer.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

// Why there was no answer, by errno.
Timing no_answer() {
  if (errno == EAGAIN) return Timing::failed("the answer did not come within 2 s", 0);
  return Timing::failed("recv(the answer)");
}

// The answer that says `number`.
Timing answered(int socket, std::size_t size, std::uint64_t number) {
  errno = 0;
  if (!receive_whole(socket, size)) {
    return errno == 0 ? Timing::failed("the answer was cut off", 0) : no_answer();
  }
  if (number_in_buffer() == number) return 0;
  if (number_in_buffer() == something_lost) {
    return Timing::failed("datagrams were lost, or came out of order", 0);
  }
  return Timing::failed("the answer was another one's", 0);
}

Timing round_trip(int socket, std::uint64_t number, const Stopwatch& stopwatch) {
  put_number(number);
  const Ticks started = stopwatch.start();
  if (!send_whole(socket, message_bytes)) return Timing::failed("send(message)");
  const Timing answer = answered(socket, message_bytes, number);
  const Ticks stopped = stopwatch.stop();
  return answer ? stopwatch.ns(started, stopped) : answer;
}

// The other end's answer is one byte.
Timing deliver_stream(int socket, std::uint64_t number, const Stopwatch& stopwatch) {
  const Ticks started = stopwatch.start();
  for (std::size_t sent = 0; sent < delivered_bytes;) {
    const std::size_t rest = std::min(written_bytes, delivered_bytes - sent);
    const ssize_t now = ::send(socket, buffer.data(), rest, MSG_NOSIGNAL);
    if (now <= 0) return Timing::failed("send(bytes)");
    sent += static_cast<std::size_t>(now);
  }
  char answer = 0;
  errno = 0;
  const ssize_t got = ::recv(socket, &answer, 1, 0);
  const Ticks stopped = stopwatch.stop();
  if (got != 1) return got == 0 ? Timing::failed("the other end hung up", 0) : no_answer();
  if (answer != static_cast<char>(number)) return Timing::failed("the answer was another one's", 0);
  return stopwatch.ns(started, stopped);
}

Timing deliver_datagrams(int socket, std::uint64_t number, const Stopwatch& stopwatch) {
  const std::uint64_t first = number * datagrams_per_delivery;
  const std::uint64_t end = first + datagrams_per_delivery;
  const Ticks started = stopwatch.start();
  for (std::uint64_t next = first; next < end;) {
    for (std::size_t i = 0; i < window; ++i) {
      put_number(next++);
      if (!send_whole(socket, datagram_bytes)) return Timing::failed("send(datagram)");
    }
    if (const Timing answer = answered(socket, sizeof next, next); !answer) return answer;
  }
  const Ticks stopped = stopwatch.stop();
  return stopwatch.ns(started, stopped);
}

int serve_round_trips(int socket) {
  while (receive_whole(socket, message_bytes)) {
    if (!send_whole(socket, message_bytes)) return 1;
  }
  return 0;
}

int serve_stream(int socket) {
  for (std::uint64_t number = 0;; ++number) {
    for (std::size_t come = 0; come < delivered_bytes;) {
      const std::size_t rest = std::min(written_bytes, delivered_bytes - come);
      const ssize_t now = ::recv(socket, buffer.data(), rest, 0);
      if (now <= 0) return now == 0 && come == 0 ? 0 : 1;
      come += static_cast<std::size_t>(now);
    }
    const char answer = static_cast<char>(number);
    if (::send(socket, &answer, 1, MSG_NOSIGNAL) != 1) return 1;
  }
}

int serve_datagrams(int socket) {
  for (std::uint64_t wanted = 0;;) {
    if (!receive_whole(socket, datagram_bytes)) return 1;
    const bool missing = number_in_buffer() != wanted;
    if (!missing && ++wanted % window != 0) continue;
    put_number(missing ? something_lost : wanted);
    if (!send_whole(socket, sizeof wanted) || missing) return 1;
  }
}

}  // namespace

void send_at_once(Transport transport, int socket) {
  if (transport != Transport::Tcp) return;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void limit_waits(int socket) {
  const timeval limit{.tv_sec = patience_for_answer, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int serve(Transfer transfer, Transport transport, int socket) {
  if (transfer == Transfer::RoundTrip) return serve_round_trips(socket);
  return transport == Transport::Tcp ? serve_stream(socket) : serve_datagrams(socket);
}

Timing transfer(Transfer transfer, Transport transport, int socket, std::uint64_t number,
                const Stopwatch& stopwatch) {
  if (transfer == Transfer::RoundTrip) return round_trip(socket, number, stopwatch);
  return transport == Transport::Tcp ? deliver_stream(socket, number, stopwatch)
                                     : deliver_datagrams(socket, number, stopwatch);
}

}  // namespace nsbench::bench
