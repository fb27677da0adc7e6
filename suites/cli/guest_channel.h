// What nsbench says to the host while it runs in a kernel under test: its report, in parts, over a
// serial line of its own, or over the console that it shares with everything else; and, in the
// kernel's log, which case is running when. reports/received.h is the other end.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "reports/frames.h"
#include "reports/gate.h"
#include "reports/partial.h"
#include "reports/report.h"
#include "reports/result.h"
#include "reports/splat.h"

namespace nsbench::cli {

class GuestChannel {
 public:
  // `path`: the serial line; "-" for standard output, which may be the kernel's console as well.
  // Then its log is part of what is sent, since printk splits lines of others there, and a
  // console's level hides lines; and the marks of cases are for that log alone. The log is written
  // to and read where that is allowed.
  static Result<GuestChannel> open(const std::string& path);

  // The context of the report, at once: the host knows by it that nsbench runs.
  void begin(const Report& context);
  // "nsbench: begin ID" and "nsbench: end ID" in the kernel's log, so that a splat can be put down
  // to the cases that were running.
  void begin_case(const CaseId& id) const { log("begin", id); }
  void end_case(const CaseId& id) const { log("end", id); }
  // A result that will not change; sent with others, within a second.
  void add(const Report& context, const CaseResult& result);
  // What the kernel's log has said so far, of a kernel that is not well; where the line is our own,
  // whoever is at its other end watches the console for that.
  std::vector<Splat> splats();
  // The rest. The first write that failed.
  Status finish(const Report& whole, ExitCode code);

 private:
  void send(const std::string& kind, const std::string& text);
  void send_kernel_log();
  void log(const char* what, const CaseId& id) const;

  Fd line_;
  bool is_shared_ = false;
  Fd kernel_log_;
  Fd kernel_records_;    // what is sent of it; none where the line is our own
  std::string records_;  // that were sent
  FrameWriter frames_;
  ReportParts parts_;
  std::chrono::steady_clock::time_point sent_ = std::chrono::steady_clock::now();
  Status written_;
};

}  // namespace nsbench::cli
