// A small netlink client (netlink(7)): messages with attributes, requests with their answers, and
// what is multicast. Blocking, but never past `netlink::patience`.
#pragma once

#include <linux/netlink.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::netlink {

inline constexpr std::chrono::seconds patience{5};

// A message under construction: the header, a fixed body, and attributes behind it.
class Message {
 public:
  // `flags` as well as NLM_F_REQUEST.
  Message(std::uint16_t type, std::uint16_t flags);
  template <class Body>
  Message(std::uint16_t type, std::uint16_t flags, const Body& body) : Message(type, flags) {
    raw({reinterpret_cast<const char*>(&body), sizeof body});
  }

  Message& raw(std::string_view bytes);  // for the fixed body, before any attribute
  Message& bytes(std::uint16_t type, std::string_view value);
  Message& text(std::uint16_t type, std::string_view value);  // with its NUL
  template <class Number>
  Message& number(std::uint16_t type, Number value) {
    return bytes(type, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  // An attribute that holds others: those that are added between open() and close().
  [[nodiscard]] std::size_t open(std::uint16_t type);
  void close(std::size_t at);

  // The finished message, padded, so that several can be sent as one.
  [[nodiscard]] std::string_view finish(std::uint32_t sequence);

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  std::vector<char> bytes_;
};

// A message that was received.
struct Answer {
  std::uint16_t type = 0;
  std::string payload;  // the fixed body and the attributes

  // The fixed body; zeroes where the message is too short.
  template <class Body>
  [[nodiscard]] Body body() const {
    Body body{};
    if (payload.size() >= sizeof body) std::memcpy(&body, payload.data(), sizeof body);
    return body;
  }
  // The attributes behind a fixed body of that many bytes.
  [[nodiscard]] std::string_view attributes(std::size_t body_size) const;
};

// The messages of one datagram, as far as they are whole.
std::vector<Answer> messages_in(std::string_view datagram);
// The errno in an NLMSG_ERROR or NLMSG_DONE: 0 for an acknowledgement and for a dump that is whole.
int errno_in(const Answer& answer);
// The value of the first attribute of this type; flags in the type are not compared.
std::optional<std::string_view> attribute(std::string_view attributes, std::uint16_t type);
// The same as text without its NUL ("" if there is none), and as a number.
std::string text_of(std::string_view attributes, std::uint16_t type);
std::optional<std::uint32_t> number_of(std::string_view attributes, std::uint16_t type);

class Socket {
 public:
  // `protocol`: NETLINK_ROUTE, ..; `groups`: the RTMGRP_* mask to listen to.
  static Result<Socket> open(int protocol, std::uint32_t groups = 0);
  // One that was opened before; it is owned from here on.
  explicit Socket(Fd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Gives the descriptor up; the caller closes it.
  int release() { return socket_.release(); }
  // The port that the kernel gave it (netlink(7), nl_pid).
  [[nodiscard]] std::uint32_t port() const;

  // Sends it with NLM_F_ACK and returns what the kernel made of it. `step` names it in the Error.
  Status acknowledged(Message& message, const std::string& step);
  // Several as one, as nfnetlink's batches are; the first refusal, or success when the message
  // number `last` (from 0) is acknowledged.
  Status batch(std::span<Message> messages, std::size_t last, const std::string& step);
  // A request that is answered by one message.
  Result<Answer> ask(Message& message, const std::string& step);
  // A request with NLM_F_DUMP: every message of the answer.
  Result<std::vector<Answer>> dump(Message& message, const std::string& step);
  // What has been multicast to it and not been taken yet; never waits.
  std::vector<Answer> pending() const;
  // The next multicast message that `wanted` is true for; ETIMEDOUT at the deadline.
  Status wait_for(const std::function<bool(const Answer&)>& wanted, Deadline deadline,
                  const std::string& step) const;

 private:
  Status send(std::string_view bytes, const std::string& step) const;
  Result<std::vector<Answer>> receive(const std::string& step) const;
  Fd socket_;
  std::uint32_t sequence_ = 0;
};

// One request over a socket of its own.
Status acknowledged(int protocol, Message& message, const std::string& step);
Result<std::vector<Answer>> dump(int protocol, Message& message, const std::string& step);

}  // namespace nsbench::netlink
