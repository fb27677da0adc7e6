#include "suites/cli/guest_channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <utility>

#include "probes/sandbox/elapsed.h"
#include "probes/sandbox/serial_line.h"
#include "reports/json.h"

namespace nsbench::cli {

Result<GuestChannel> GuestChannel::open(const std::string& path) {
  Result<Fd> line = open_serial_line(path);
  if (!line) return line.error();
  GuestChannel channel;
  channel.line_ = std::move(*line);
  channel.kernel_log_ = Fd(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
  return channel;
}

void GuestChannel::begin(const Report& context) { send(part, to_json(parts_.next(context))); }

void GuestChannel::add(const Report& context, const CaseResult& result) {
  parts_.add(result);
  constexpr std::size_t many = 200;
  if (parts_.waiting() < many && seconds_since(sent_) < 1) return;
  send(part, to_json(parts_.next(context)));
}

Status GuestChannel::finish(const Report& whole, ExitCode code) {
  send(part, to_json(parts_.last(whole)));
  send(end, fmt::format("{}", static_cast<int>(code)));
  ::tcdrain(line_.get());  // what is still in the line's buffer goes with the machine
  return written_;
}

void GuestChannel::send(const std::string& kind, const std::string& text) {
  const Status written = write_all(line_.get(), frames_.lines_of({kind, text}));
  if (written_) written_ = written;
  sent_ = std::chrono::steady_clock::now();
}

// One write is one line (Documentation/ABI/testing/dev-kmsg), at the level of information.
void GuestChannel::log(const char* what, const CaseId& id) const {
  if (!kernel_log_.valid()) return;
  const std::string line = fmt::format("<6>nsbench: {} {}\n", what, id.str());
  // A log that is full or forbidden costs a splat its case, and no more.
  static_cast<void>(::write(kernel_log_.get(), line.data(), line.size()) > 0);
}

}  // namespace nsbench::cli
