// Runs benchmark cases and answers with their series.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"

namespace nsbench {

struct SessionOptions {
  // Wall time per case over all its batches, with everything that is not timed: set-up, teardown,
  // waiting for the teardown to be over. A guide: every case gets five batches at least, of which
  // the first only warms up.
  double seconds_per_case = 1.0;
  // The same for each case by itself, in the order of the cases; empty: seconds_per_case for all.
  std::vector<double> seconds_of_case{};
  // Orders the batches and chooses the samples that are kept.
  std::uint64_t seed = 1;
  // All batches of a case in a row, by a worker of its own. Batches of several cases in turn keep
  // what changes with time from being taken for one case's; where time counts instructions nothing
  // does, and what one case leaves behind is in the next one's count (a clone's by 3 %).
  bool one_by_one = false;
  // For one batch, and until the first begins; longer on slow machines (slow_machine.h). A worker
  // that takes longer is replaced.
  std::chrono::seconds patience{30};
  // That a worker may have at once; more is a storm of forks. The largest curve has 4,000.
  std::size_t most_processes = 16'000;
  // Seconds since the run began at which this session begins: where Batch::t starts from.
  double started_at = 0;
  // Passed on to Google Benchmark, as "--benchmark_context=a=b".
  std::vector<std::string> benchmark_flags;
};

// Where a session stands; sent whenever a batch begins, every 0.1 s or so, and at the end.
struct SessionEvent {
  // The case whose batch runs now; null while a worker is being set up, and at the end.
  const BenchCase* running = nullptr;
  std::size_t case_index = 0;    // of `running`, in the cases given
  std::size_t cases = 0;         // that run; skipped ones are not counted
  std::size_t batches_done = 0;  // over all cases, warm-up included
  std::size_t batches_total = 0;
  double seconds = 0;           // since the session began
  double seconds_expected = 0;  // for the whole session
};

// Answers false to stop at once: what was measured until then is returned.
using OnSessionEvent = std::function<bool(const SessionEvent&)>;

// Runs `cases` with their batches interleaved in random order, one worker process per privilege,
// each in an arena of its own, and one for each case that has to be alone; the caller must be
// single-threaded. The answer has one Series per
// case, in the order given. A case that can't run here has `skip` and `error` set; one that its
// worker died of, hung in, or forked without end in, and one that was never reached, has `error`
// alone; the others go on with a new worker. Never hangs: each batch has its deadline, however much
// its worker says. `warnings` gets what makes the numbers less sure, once per code:
//   "unpinned"         the worker could not be tied to one CPU
//   "one-cpu"          harness and worker share the only CPU
//   "clock"            no invariant cycle counter; clock_gettime times the calls
//   "backlog"          a batch's namespaces were not gone in time; those series are not `drained`
//   "backlog_unknown"  the teardown of a kind can't be watched here; it is given time instead
//   "frequency"        CPUs have another governor than "performance", boost is on, or a fixed loop
//                      took over 3 % longer in some batches than in others
//   "steal"            the hypervisor took over 1 % of the CPU time: a noisy neighbour
//   "load"             on average more than half another process wanted to run
//   "clock-step"       the time of day was set, the machine slept, or the cycle counter and
//                      CLOCK_MONOTONIC_RAW disagree by over 0.1 %
//   "not-killed"       a worker's processes hang in the kernel, where no signal ends them
//   "few-samples"      of the series that are named there is too little for what is shown
std::vector<Series> run_session(std::span<const BenchCase> cases, const SessionOptions& options,
                                const Support& support, std::vector<Warning>& warnings,
                                const OnSessionEvent& on_event = {});

}  // namespace nsbench
