#include "probes/sandbox/channel.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace nsbench {

Result<std::pair<Channel, Channel>> Channel::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::last("socketpair(AF_UNIX, SOCK_SEQPACKET)");
  }
  return std::pair{Channel(Fd(ends[0])), Channel(Fd(ends[1]))};
}

Status Channel::send(std::string_view message) {
  if (message.size() > max_message) {
    return Error{
        fmt::format("a message of {} bytes is over the channel's {}", message.size(), max_message)};
  }
  if (message.empty()) return Error{"an empty message can't be sent"};
  while (::send(end_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return Error::last("send to peer");
  }
  return {};
}

bool Channel::peer_gone() const {
  pollfd hung_up{.fd = end_.get(), .events = 0, .revents = 0};
  return ::poll(&hung_up, 1, 0) > 0 && (hung_up.revents & POLLHUP) != 0;
}

Result<std::string> Channel::receive(Deadline deadline) {
  pollfd wait{.fd = end_.get(), .events = POLLIN, .revents = 0};
  for (;;) {
    const int ready = ::poll(&wait, 1, deadline.poll_ms());
    if (ready > 0) return receive();
    if (ready == 0) return Error{"receive from peer", ETIMEDOUT};
    if (errno != EINTR) return Error::last("poll peer");
    if (deadline.passed()) return Error{"receive from peer", ETIMEDOUT};
  }
}

// The size first: a buffer for the largest message would be cleared, and its pages made, each time,
// in processes that live for a millisecond.
Result<std::string> Channel::receive() {
  std::string message;
  for (const int flags : {MSG_PEEK | MSG_TRUNC, 0}) {
    ssize_t got = 0;
    do {
      got = ::recv(end_.get(), message.data(), message.size(), flags);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Error::last("receive from peer");
    if (got == 0) return Error{"receive from peer", ECONNRESET};
    message.resize(static_cast<std::size_t>(got));
  }
  return message;
}

}  // namespace nsbench
