#include "probes/sandbox/netlink.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nsbench::netlink {

namespace {

std::size_t padded(std::size_t size) { return NLMSG_ALIGN(size); }

// What a dump may have: more is no answer, but a kernel that does not find its end.
constexpr std::size_t most_answers = 100'000;

// The errno of an NLMSG_ERROR, 0 for an acknowledgement; and of which message.
struct Acknowledgement {
  int err = 0;
  std::uint32_t sequence = 0;
};

Acknowledgement acknowledgement_in(const Answer& answer) {
  return {errno_in(answer), answer.body<nlmsgerr>().msg.nlmsg_seq};
}

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) : bytes_(NLMSG_HDRLEN) {
  header()->nlmsg_type = type;
  header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

Message& Message::raw(std::string_view bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

Message& Message::bytes(std::uint16_t type, std::string_view value) {
  const std::size_t at = open(type);
  raw(value);
  close(at);
  return *this;
}

Message& Message::text(std::uint16_t type, std::string_view value) {
  const std::size_t at = open(type);
  constexpr char end_of_text = '\0';
  raw(value).raw(std::string_view(&end_of_text, 1));
  close(at);
  return *this;
}

std::size_t Message::open(std::uint16_t type) {
  const std::size_t at = padded(bytes_.size());
  bytes_.resize(at + RTA_LENGTH(0));
  reinterpret_cast<rtattr*>(bytes_.data() + at)->rta_type = type;
  return at;
}

void Message::close(std::size_t at) {
  reinterpret_cast<rtattr*>(bytes_.data() + at)->rta_len =
      static_cast<std::uint16_t>(bytes_.size() - at);
}

std::string_view Message::finish(std::uint32_t sequence) {
  header()->nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  header()->nlmsg_seq = sequence;
  bytes_.resize(padded(bytes_.size()));
  return {bytes_.data(), bytes_.size()};
}

std::vector<Answer> messages_in(std::string_view datagram) {
  std::vector<Answer> messages;
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) break;
    messages.push_back({header.nlmsg_type, std::string(datagram.substr(
                                               NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN))});
    datagram.remove_prefix(std::min(padded(header.nlmsg_len), datagram.size()));
  }
  return messages;
}

int errno_in(const Answer& answer) {
  const auto negative = answer.body<int>();
  constexpr int most = 4095;  // MAX_ERRNO of include/linux/err.h
  if (answer.type == NLMSG_DONE && negative > 0) return 0;
  return negative > 0 || negative < -most ? EPROTO : -negative;
}

std::string_view Answer::attributes(std::size_t body_size) const {
  const std::size_t start = padded(body_size);
  return start < payload.size() ? std::string_view(payload).substr(start) : std::string_view();
}

std::optional<std::string_view> attribute(std::string_view attributes, std::uint16_t type) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr header{};
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > attributes.size()) break;
    if ((header.rta_type & NLA_TYPE_MASK) == type) {
      return attributes.substr(RTA_LENGTH(0), header.rta_len - RTA_LENGTH(0));
    }
    attributes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(header.rta_len), attributes.size()));
  }
  return std::nullopt;
}

std::string text_of(std::string_view attributes, std::uint16_t type) {
  const std::optional<std::string_view> value = attribute(attributes, type);
  return value ? std::string(value->substr(0, value->find('\0'))) : "";
}

std::optional<std::uint32_t> number_of(std::string_view attributes, std::uint16_t type) {
  const std::optional<std::string_view> value = attribute(attributes, type);
  if (!value || value->size() < sizeof(std::uint32_t)) return std::nullopt;
  std::uint32_t number = 0;
  std::memcpy(&number, value->data(), sizeof number);
  return number;
}

Result<Socket> Socket::open(int protocol, std::uint32_t groups) {
  Socket socket(Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)));
  if (!socket.socket_.valid()) return Error::last("socket(AF_NETLINK)");
  const timeval limit{.tv_sec = std::chrono::seconds(patience).count(), .tv_usec = 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error::last("bind(AF_NETLINK)");
  }
  return socket;
}

std::uint32_t Socket::port() const {
  sockaddr_nl address{};
  socklen_t size = sizeof address;
  ::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return address.nl_pid;
}

Status Socket::send(std::string_view bytes, const std::string& step) const {
  if (::send(fd(), bytes.data(), bytes.size(), 0) < 0) return Error::last(step);
  return {};
}

Result<std::vector<Answer>> Socket::receive(const std::string& step) const {
  alignas(nlmsghdr) std::array<char, 32768> block;
  for (;;) {
    const ssize_t got = ::recv(fd(), block.data(), block.size(), 0);
    if (got >= 0) return messages_in({block.data(), static_cast<std::size_t>(got)});
    if (errno == EAGAIN) return Error{step + ": no answer", ETIMEDOUT};
    if (errno != EINTR) return Error::last(step);
  }
}

Status Socket::batch(std::span<Message> messages, std::size_t last, const std::string& step) {
  std::string bytes;
  const std::uint32_t first = sequence_ + 1;
  for (Message& message : messages) bytes += message.finish(++sequence_);
  if (Status s = send(bytes, step); !s) return s;
  for (;;) {
    const Result<std::vector<Answer>> answers = receive(step);
    if (!answers) return answers.error();
    for (const Answer& answer : *answers) {
      if (answer.type != NLMSG_ERROR) continue;  // of a multicast, perhaps
      const Acknowledgement one = acknowledgement_in(answer);
      if (one.sequence < first) continue;
      if (one.err != 0) return Error{step, one.err};
      if (one.sequence == first + last) return {};
    }
  }
}

Status Socket::acknowledged(Message& message, const std::string& step) {
  return batch({&message, 1}, 0, step);
}

Result<Answer> Socket::ask(Message& message, const std::string& step) {
  if (Status s = send(message.finish(++sequence_), step); !s) return s.error();
  const Result<std::vector<Answer>> answers = receive(step);
  if (!answers) return answers.error();
  if (answers->empty()) return Error{step + ": malformed answer", EPROTO};
  const Answer& answer = answers->front();
  if (answer.type == NLMSG_ERROR) {
    const int err = errno_in(answer);
    return err != 0 ? Error{step, err} : Error{step + ": acknowledged, not answered", EPROTO};
  }
  return answer;
}

Result<std::vector<Answer>> Socket::dump(Message& message, const std::string& step) {
  if (Status s = send(message.finish(++sequence_), step); !s) return s.error();
  std::vector<Answer> all;
  for (;;) {
    Result<std::vector<Answer>> answers = receive(step);
    if (!answers) return answers.error();
    for (Answer& answer : *answers) {
      const int err =
          answer.type == NLMSG_ERROR || answer.type == NLMSG_DONE ? errno_in(answer) : 0;
      if (err != 0) return Error{step, err};
      if (answer.type == NLMSG_DONE) return all;
      if (answer.type == NLMSG_ERROR || all.size() == most_answers) {
        return Error{step + ": malformed answer", EPROTO};
      }
      all.push_back(std::move(answer));
    }
  }
}

std::vector<Answer> Socket::pending() const {
  std::vector<Answer> all;
  alignas(nlmsghdr) std::array<char, 32768> block;
  for (;;) {
    const ssize_t got = ::recv(fd(), block.data(), block.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return all;
    for (Answer& answer : messages_in({block.data(), static_cast<std::size_t>(got)})) {
      all.push_back(std::move(answer));
    }
  }
}

Status Socket::wait_for(const std::function<bool(const Answer&)>& wanted, Deadline deadline,
                        const std::string& step) const {
  for (;;) {
    const std::vector<Answer> seen = pending();
    if (std::any_of(seen.begin(), seen.end(), wanted)) return {};
    pollfd ready{.fd = fd(), .events = POLLIN, .revents = 0};
    const int got = ::poll(&ready, 1, deadline.poll_ms());
    if (got == 0) return Error{step, ETIMEDOUT};
    if (got < 0 && errno != EINTR) return Error::last(step);
  }
}

Status acknowledged(int protocol, Message& message, const std::string& step) {
  Result<Socket> socket = Socket::open(protocol);
  return socket ? socket->acknowledged(message, step) : socket.error();
}

Result<std::vector<Answer>> dump(int protocol, Message& message, const std::string& step) {
  Result<Socket> socket = Socket::open(protocol);
  if (!socket) return socket.error();
  return socket->dump(message, step);
}

}  // namespace nsbench::netlink
