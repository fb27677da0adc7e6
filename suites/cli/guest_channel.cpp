#include "suites/cli/guest_channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "ci/kernel/console_log.h"
#include "probes/sandbox/elapsed.h"
#include "probes/sandbox/serial_line.h"
#include "reports/json.h"
#include "reports/received.h"
#include "suites/cli/init.h"
#include "suites/cli/stop.h"

namespace nsbench::cli {

namespace {

constexpr const char* kernel_log_path = "/dev/kmsg";

Result<Fd> standard_output() {
  Fd copy(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy.valid()) return Error::last("fcntl(F_DUPFD, standard output)");
  return copy;
}

// From the first record on where the kernel was booted for us; else from now on. None where it may
// not be read.
Fd open_records() {
  Fd records(::open(kernel_log_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (records.valid() && std::getenv(started_by_kernel) == nullptr) {
    ::lseek(records.get(), 0, SEEK_END);
  }
  return records;
}

// What is there to be read now.
std::string read_records(int fd) {
  constexpr std::size_t longest = 8192;    // of one record, which a read returns whole
  constexpr std::size_t most = 1U << 20U;  // at once
  std::array<char, longest> record{};
  std::string text;
  while (text.size() < most) {
    const ssize_t got = ::read(fd, record.data(), record.size());
    if (got > 0) {
      text.append(record.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EPIPE && errno != EINTR)) {
      break;  // EPIPE: some were overwritten, which their numbers tell
    }
  }
  return text;
}

}  // namespace

Result<GuestChannel> GuestChannel::open(const std::string& path) {
  GuestChannel channel;
  channel.is_shared_ = path == "-";
  Result<Fd> line = channel.is_shared_ ? standard_output() : open_serial_line(path);
  if (!line) return line.error();
  channel.line_ = std::move(*line);
  channel.kernel_log_ = Fd(::open(kernel_log_path, O_WRONLY | O_CLOEXEC));
  if (channel.is_shared_) channel.kernel_records_ = open_records();
  return channel;
}

void GuestChannel::begin(const Report& context) {
  send(message_kind::part, to_json(parts_.next(context)));
}

void GuestChannel::add(const Report& context, const CaseResult& result) {
  parts_.add(result);
  constexpr std::size_t many = 200;
  if (parts_.waiting() < many && seconds_since(sent_) < 1) return;
  send_kernel_log();
  send(message_kind::part, to_json(parts_.next(context)));
}

Status GuestChannel::finish(const Report& whole, ExitCode code) {
  send(message_kind::part, to_json(parts_.last(whole)));
  send_kernel_log();
  send(message_kind::end, fmt::format("{}", static_cast<int>(code)));
  ::tcdrain(line_.get());  // what is still in the line's buffer goes with the machine
  return written_;
}

void GuestChannel::send_kernel_log() {
  if (!kernel_records_.valid()) return;
  if (const std::string records = read_records(kernel_records_.get()); !records.empty()) {
    send(message_kind::log, records);
    if (records_.size() + records.size() <= ReceivedReport::max_log) records_ += records;
  }
}

std::vector<Splat> GuestChannel::splats() {
  send_kernel_log();
  return kernel::splats_in_records(records_);
}

void GuestChannel::send(const std::string& kind, const std::string& text) {
  std::optional<WhileWriting> guard;
  if (is_shared_) guard.emplace();
  const Status written = write_all(line_.get(), frames_.lines_of({kind, text}));
  if (written_) written_ = written;
  sent_ = std::chrono::steady_clock::now();
}

// One write is one line (Documentation/ABI/testing/dev-kmsg), at the level of information; of
// debugging where a console would have it between our lines.
void GuestChannel::log(const char* what, const CaseId& id) const {
  if (!kernel_log_.valid()) return;
  const std::string line = fmt::format("<{}>nsbench: {} {}\n", is_shared_ ? 7 : 6, what, id.str());
  // A log that is full or forbidden costs a splat its case, and no more.
  static_cast<void>(::write(kernel_log_.get(), line.data(), line.size()) > 0);
}

}  // namespace nsbench::cli
