// Made-up measurements of two kernels whose difference is known: what tests of comparisons are
// given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/report.h"

namespace nsbench {

// One benchmark, and how the machine behaves while it is timed.
struct SampleSeries {
  std::string id = "create/uts:unshare:root";
  double typical = 10'000;   // ns, of base
  double change = 0;         // of new: 0.03 is 3 % slower
  double scatter = 0.01;     // of a batch: standard deviation of the log
  double start_scatter = 0;  // of one start of a worker, or of one run, to the next
  double drift = 0;          // of the machine: slower by this fraction from first to last batch
  double outliers = 0;       // the fraction of batches that take twice as long
  std::string unit = "ns";
};

struct SampleSides {
  Report base, now, null;
};

// A measurement in lock step, in ABBA order.
struct SampleLockstep {
  std::vector<SampleSeries> series;
  int starts = 5;
  int pairs = 20;  // in each start
  std::uint64_t seed = 1;
};
SampleSides in_lockstep(const SampleLockstep& sample);

// One run of ten batches, the `number`th that was taken: each has a boot of its own. `is_new`: of
// the changed kernel.
Report one_run(const std::vector<SampleSeries>& all, bool is_new, int number,
               std::uint64_t seed = 1);
// `runs` of base and as many of new, taken in turn.
struct SampleRuns {
  std::vector<Report> base, now;
};
SampleRuns in_turn(const std::vector<SampleSeries>& series, int runs, std::uint64_t seed = 1);

// One of everything that a comparison can say: benchmarks that are slower, faster, the same, noisy,
// forbidden by their control, failed and of memory; checks that regressed, were fixed and were
// lost.
SampleSides sample_sides();

}  // namespace nsbench
