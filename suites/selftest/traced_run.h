// Checks carried out under the tracer, in a process of their own that may hang or die.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"
#include "suites/plan.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

struct TracedResult {
  std::vector<CaseResult> cases;
  bool interrupted = false;   // the time was up before every case was run
  std::uint64_t changes = 0;  // how often the lie changed something
};

// What is run under the tracer.
struct TracedSpec {
  const Lie* lie = nullptr;      // null: no lie is told, but `calls` are stopped
  std::span<const long> calls;   // the system calls that are stopped
  const Plan* plan = nullptr;    // its checks
  int jobs = 1;                  // checks side by side
  bool until_first = false;      // a case that surely failed ends the run
  std::chrono::seconds time{0};  // after which no further check is started
};

// A traced run that is under way. Destroying it kills it, with all that it made.
class TracedRun {
 public:
  // Everything pointed to must stay until finish(). `support` was looked at without a tracer.
  static Result<TracedRun> start(const TracedSpec& spec, const Support& support);

  [[nodiscard]] int fd() const { return tracer_.pidfd(); }  // readable when it has ended
  // Whether finish() would answer at once.
  [[nodiscard]] bool over() const;
  // Waits for the end, at most until its deadline. An Error: nothing can be told.
  Result<TracedResult> finish();
  // Kills it, and does not wait until it is gone.
  void let_go() {
    tracer_.begin_end();
    tracer_.disown();
  }

 private:
  Child tracer_;
  Fd answer_;  // a file in memory
  Deadline deadline_ = Deadline::in(std::chrono::seconds(0));
};

}  // namespace nsbench::selftest
