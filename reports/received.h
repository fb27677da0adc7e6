// A report as it comes out of the system under test: in framed lines, over a serial line of its own
// or a console. It is the other end of suites/cli/guest_channel.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/frames.h"
#include "reports/report.h"

namespace nsbench {

// The kinds of messages. A report in JSON, with what was not sent before; records of the kernel's
// log as /dev/kmsg gives them; and, with the exit status as its text, that no more will come.
namespace message_kind {
inline constexpr const char* part = "part";
inline constexpr const char* log = "log";
inline constexpr const char* end = "end";
}  // namespace message_kind

class ReceivedReport {
 public:
  // More of the kernel's log is dropped, and told by damage().
  static constexpr std::size_t max_log = 32UL << 20U;

  // Bytes as they come. Whether one more part of the report came with them.
  bool feed(std::string_view bytes);

  [[nodiscard]] bool any() const { return any_; }  // whether a part came at all
  [[nodiscard]] const Report& report() const { return report_; }
  [[nodiscard]] Report take() { return std::move(report_); }
  [[nodiscard]] std::optional<int> exit_status() const { return exit_status_; }
  [[nodiscard]] const std::string& kernel_log() const { return kernel_log_; }
  [[nodiscard]] std::size_t mended() const { return frames_.mended(); }
  // What was lost or can't be read, one sentence each; to be asked when no more will come.
  [[nodiscard]] std::vector<std::string> damage() const;
  [[nodiscard]] bool complete() const { return any_ && exit_status_ && damage().empty(); }

 private:
  void take(FramedMessage& message);

  FrameReader frames_;
  Report report_;
  bool any_ = false;
  std::optional<int> exit_status_;
  std::string kernel_log_;
  std::vector<std::string> unreadable_;
};

}  // namespace nsbench
