// Measures benchmarks on several sides at once, one batch after the other in turn, so that whatever
// disturbs the machine disturbs all sides alike.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "reports/case_id.h"
#include "reports/report.h"
#include "reports/result.h"
#include "suites/lockstep/connection.h"

namespace nsbench {

// A side whose worker is a command that speaks the worker protocol (protocol.h) on its standard
// input and output.
struct SideSpec {
  std::string side;  // RunInfo::side: "base", "new", "null"
  std::vector<std::string> argv;
  // Run before each of its batches, if it has words: what makes the machine this side's. The first
  // side's is run once more at the end.
  std::vector<std::string> before = {};
};

// A side whose worker is reached in any other way.
struct SidePeer {
  std::string side;
  lockstep::Connect connect;
  std::function<Status()> before = {};  // as in SideSpec; may be empty
};

// Where a measurement stands; sent before each turn.
struct LockstepProgress {
  std::string running;  // a case id; empty while workers start
  std::size_t turns_done = 0;
  std::size_t turns_total = 0;
  double seconds_left = -1;  // negative: not known yet
};

struct LockstepOptions {
  // Of each case. A side's batches number seconds_per_side / batch_seconds, two at least; a batch
  // that has to wait long for a teardown takes longer than it should, and so does the whole.
  double seconds_per_side = 10;
  double batch_seconds = 0.1;
  // How often the workers are started anew, their share of the batches with each: how one start's
  // memory lies is part of what is compared. No more often than there are turns.
  int starts = 20;
  std::uint64_t seed = 1;  // orders the cases
  std::string command;     // RunInfo::command
  std::function<void(const LockstepProgress&)> on_progress;
  // Set by a signal handler to end early: what was measured is kept, RunInfo::interrupted is set.
  const volatile std::sig_atomic_t* stop = nullptr;
  // For a worker's hello, for one batch beyond its calls, and for the end of a worker.
  std::chrono::milliseconds hello_patience{60'000};
  std::chrono::milliseconds batch_patience{60'000};
  std::chrono::milliseconds end_patience{10'000};
  std::chrono::milliseconds before_patience{30'000};  // for SideSpec::before
};

// One report per side, in their order. Batches are taken in turns: of two sides A B B A, then
// B A A B; of three A B N N B A, then from B on. All sides' batches of half a turn have one
// `pair`, and are in the reports only if all of them were measured. Each turn is of one case, the
// cases in a new random order every round. With each start of the workers, the first batch of each
// case and side warms up and is dropped. While one side measures the others sleep.
//
// A series' samples are up to 64 of each batch, chosen like 1-in-k from its sorted timings, so that
// percentiles over them are those over all timings with each batch weighing the same. Its calls,
// min, max and mean are of all timings.
//
// A case that fails on one side is measured no further on any. Where a worker dies, falls silent or
// babbles, the case it was at gets the failure, the report the warning "worker-died", and all
// workers are started anew for the other cases. What can't be started again, and a `before` that
// fails, end the measurement: RunInfo::interrupted. An Error: the sides can't be measured at all (a
// worker that doesn't start, speaks another protocol or times other workloads).
Result<std::vector<Report>> run_lockstep(std::span<const SideSpec> sides,
                                         std::span<const CaseId> cases,
                                         const LockstepOptions& options);
Result<std::vector<Report>> run_lockstep(std::span<const SidePeer> sides,
                                         std::span<const CaseId> cases,
                                         const LockstepOptions& options);

namespace lockstep {

// In which order `sides` take their batches in a turn: each twice.
std::vector<std::size_t> turn_order(std::size_t sides, std::size_t turn);

}  // namespace lockstep
}  // namespace nsbench
