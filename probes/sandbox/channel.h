// One bounded message at a time between two processes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench {

// One end of a SOCK_SEQPACKET pair: messages arrive whole, and a dead peer reads as an end of file.
class Channel {
 public:
  static constexpr std::size_t max_message = 64UL * 1024;

  Channel() = default;
  explicit Channel(Fd end) : end_(std::move(end)) {}
  static Result<std::pair<Channel, Channel>> pair();

  // An over-long message is an error, never cut short; so is an empty one, which would read as the
  // peer's end. A dead peer is EPIPE, never a signal.
  Status send(std::string_view message);
  // A dead peer is ECONNRESET; a passed deadline is ETIMEDOUT. The deadline is the caller's clock:
  // a time namespace's offset does not touch it, since only its differences are used.
  Result<std::string> receive(Deadline deadline);
  // Without a deadline: for a process whose end comes from outside.
  Result<std::string> receive();

  // Whether every holder of the other end is gone.
  [[nodiscard]] bool peer_gone() const;

  [[nodiscard]] int fd() const { return end_.get(); }
  void close() { end_.reset(); }

 private:
  Fd end_;
};

}  // namespace nsbench
