#include "suites/lockstep/side.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "reports/printable.h"

namespace nsbench::lockstep {
namespace {

// How soon a wish to stop is heard where no signal interrupts the waiting.
constexpr int tick_ms = 250;
// More than a worker that is one has to say of each.
constexpr std::size_t most_notes = 64;
constexpr std::size_t most_facts = 256;

}  // namespace

Result<Side> Side::start(const Connect& connect, Deadline deadline, Stop stop) {
  Result<std::unique_ptr<Connection>> connection = connect();
  if (!connection) return connection.error();
  Side side;
  side.connection_ = std::move(*connection);
  side.stop_ = stop;
  if (Status greeted = side.greet(deadline); !greeted) {
    if (greeted.error().err == EINTR) side.let_go();
    return greeted.error();
  }
  return side;
}

Status Side::greet(Deadline deadline) {
  for (;;) {
    const Result<std::string> line = hear(deadline);
    if (!line && line.error().err == EMSGSIZE) continue;
    if (!line && line.error().err == ETIMEDOUT) {
      return Error{"the worker did not say hello in time"};
    }
    if (!line) return line.error();
    const Result<Message> message = decode(*line);
    const auto* const hello = message ? std::get_if<Hello>(&*message) : nullptr;
    if (hello == nullptr) continue;
    if (hello->protocol != protocol_version) {
      return Error{fmt::format("the worker (nsbench {}) speaks protocol {}, and this nsbench {}",
                               printable(hello->nsbench, 64), hello->protocol, protocol_version)};
    }
    hello_ = *hello;
    return {};
  }
}

Result<BatchResult> Side::run(const RunBatch& run, Deadline deadline) {
  if (Status said = say(run, deadline); !said) return said.error();
  for (;;) {
    const Result<std::string> line = hear(deadline);
    if (!line && line.error().err == ETIMEDOUT) return Error{"the worker fell silent"};
    if (!line && line.error().err == EMSGSIZE) return Error{line.error().step};
    if (!line) return line.error();
    const Result<Message> message = decode(*line);
    if (!message) {
      return Error{fmt::format("the worker babbles: {}", message.error().str())};
    }
    if (const auto* about = std::get_if<About>(&*message)) {
      if (facts_.size() < most_facts) facts_.push_back(*about);
    } else if (const auto* note = std::get_if<Note>(&*message)) {
      if (notes_.size() < most_notes) notes_.push_back(*note);
    } else if (const auto* bye = std::get_if<Bye>(&*message)) {
      return Error{fmt::format("the worker went away: {}", printable(bye->reason, 200))};
    } else if (const auto* result = std::get_if<BatchResult>(&*message)) {
      if (result->batch == run.batch && result->case_id == run.case_id) return *result;
      return Error{fmt::format("the worker answered to batch {} of {}", result->batch,
                               printable(result->case_id, 200))};
    } else {
      return Error{"the worker says what only a controller does, or hello again"};
    }
  }
}

void Side::part(std::chrono::milliseconds patience) {
  const Deadline deadline = Deadline::in(patience);
  stop_ = nullptr;
  if (say(Bye{}, deadline)) {
    // Until the end of its output: a command that wraps the worker may have things to put back.
    for (Result<std::string> line = hear(deadline); line; line = hear(deadline)) {
    }
  }
  connection_.reset();
}

Status Side::say(const Message& message, Deadline deadline) {
  const std::string line = encode(message);
  for (std::size_t written = 0; written < line.size();) {
    if (Status ready = wait(connection_->to_worker(), POLLOUT, deadline); !ready) return ready;
    const ssize_t got =
        ::write(connection_->to_worker(), line.data() + written, line.size() - written);
    if (got < 0 && errno == EPIPE) return gone();
    if (got < 0 && errno != EINTR && errno != EAGAIN) return Error::last("write(worker)");
    written += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  return {};
}

Result<std::string> Side::hear(Deadline deadline) {
  std::string line;
  for (;;) {
    switch (lines_.next(line)) {
      case LineReader::Got::Line:
        return line;
      case LineReader::Got::TooLong:
        return Error{fmt::format("the worker babbles: a line of more than {} bytes", max_line),
                     EMSGSIZE};
      case LineReader::Got::Nothing:
        break;
    }
    if (Status ready = wait(connection_->from_worker(), POLLIN, deadline); !ready) {
      return ready.error();
    }
    std::array<char, max_line> block{};
    const ssize_t got = ::read(connection_->from_worker(), block.data(), block.size());
    // A terminal whose other end is closed answers EIO; a socket may ECONNRESET.
    if (got == 0 || (got < 0 && (errno == EIO || errno == ECONNRESET))) return gone();
    if (got < 0 && errno != EINTR && errno != EAGAIN) return Error::last("read(worker)");
    if (got > 0) lines_.feed({block.data(), static_cast<std::size_t>(got)});
  }
}

Status Side::wait(int fd, short events, Deadline deadline) const {
  pollfd ready{.fd = fd, .events = events, .revents = 0};
  for (;;) {
    if (stop_ != nullptr && *stop_ != 0) return Error{"the measurement was stopped", EINTR};
    if (deadline.passed()) return Error{"wait for worker", ETIMEDOUT};
    const int got = ::poll(&ready, 1, std::min(deadline.poll_ms(), tick_ms));
    if (got > 0) return {};
    if (got < 0 && errno != EINTR) return Error::last("poll(worker)");
  }
}

Error Side::gone() {
  if (fate_.empty()) fate_ = connection_->fate();
  return Error{fmt::format("the worker {}", fate_)};
}

}  // namespace nsbench::lockstep
