// The process in the arena that runs the batches of all cases.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/drain.h"
#include "bench/operation.h"
#include "bench/plant.h"
#include "bench/protocol.h"
#include "bench/recording.h"
#include "bench/stopwatch.h"
#include "bench/workload.h"

namespace nsbench::bench {

// One batch, as it is told to Google Benchmark.
struct BatchSummary {
  double p25_ns = 0;
  std::string failure;  // empty: none
};

class Worker {
 public:
  using Send = std::function<void(const WorkerMessage&)>;

  Worker(std::span<const BenchCase> cases, Send send) : cases_(cases), send_(std::move(send)) {}

  // Slows cases down on purpose; before set_up(). Each is timed without its slowdown first, within
  // its first run_batch(), and what that adds stays the same until the worker ends.
  void plant(Plants plants) { plants_ = std::move(plants); }
  // For studies: so many calls per timing of what can be repeated, in place of a choice by their
  // length. Before set_up().
  void fix_calls_per_timing(std::size_t count) { fixed_calls_per_timing_ = count; }
  // Ties the process to one CPU, calibrates the clock, makes the canaries.
  Status set_up();
  // Runs a batch of one case in a fresh process, with `seconds` for its calls and what undoes them,
  // and sends what came out. After its first failure a case is not run again.
  BatchSummary run_batch(std::size_t case_index, double seconds);
  // Seconds that a batch of the case took last time, other than for its calls.
  [[nodiscard]] double overhead(std::size_t case_index) const {
    return lanes_[case_index].overhead;
  }
  [[nodiscard]] bool has_failed(std::size_t case_index) const { return lanes_[case_index].failed; }

 private:
  // What is kept about one case from batch to batch.
  struct Lane {
    std::unique_ptr<Operation> operation;
    std::size_t max_calls = 0;
    std::size_t calls_per_timing = 0;  // chosen in the first batch
    double overhead = 0;               // seconds of the last batch that no call took
    bool arranged = false;
    bool failed = false;
  };

  Status arrange(const BenchCase& bench_case, Lane& lane);
  Status plant_spin(const BenchCase& bench_case, const Plant& plant, Lane& lane);
  Result<double> p25_without_plant(const BenchCase& bench_case, Lane& lane);
  BatchEnds measure(Lane& lane, double seconds_for_calls);
  void drain(NamespaceSet set, BatchEnds& end);
  void watch_rate();
  void send_times();
  void note_once(std::string code, std::string text);

  std::span<const BenchCase> cases_;
  Send send_;
  Plants plants_;
  std::size_t fixed_calls_per_timing_ = 0;
  std::uint64_t batches_ = 0;
  SpinCost spin_cost_;
  Stopwatch stopwatch_;
  SharedMemory<Recording> recording_;
  std::vector<Lane> lanes_;
  std::vector<double> sorted_;  // reserved once, so that the memory a fork copies stays the same
  Drain drain_;
  std::vector<double> loop_ns_;  // of the fixed loop, before each batch; the last thousand
  std::vector<std::string> noted_;
};

// Ties the process to the last CPU that it may run on. A Note: it could not, or has no choice.
std::optional<Note> pin_to_last_cpu();

// How many calls go into one timing of calls that take so long each and can be repeated: one, or
// always the same number, so that two runs are not told apart by a slightly different choice.
// Several where the clock's steps, or reading it, are not small beside the call: below 5 us with
// steps of 10 ns, below 0.5 us with a clock that has none. Else single calls are as exact
// (bench/accuracy), and their percentiles are those of calls.
std::size_t calls_per_timing_of(double ns, double step_ns);

// A time somewhere within the step of the clock that it was read in, for percentiles that tell more
// than whole steps: a third of the readings one step longer is a third of a step. `share`: a random
// number from 0 to 1.
double within_step(double ns, double step_ns, double share);

// How many calls a batch of the case may make, so that what they leave behind stays bounded, and
// well below the limits in /proc/sys/user.
std::size_t max_calls_of(const BenchCase& bench_case);

}  // namespace nsbench::bench
