// From the messages of a worker to the series of its cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/protocol.h"
#include "bench/workload.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"
#include "reports/statistics.h"

namespace nsbench::bench {

// One case's series as it grows. Holds the kept samples and one batch's times, however long it
// runs.
class SeriesBuilder {
 public:
  SeriesBuilder(const BenchCase& bench_case, std::size_t warmup_batches, std::uint64_t seed);

  // Another worker goes on with it: so many batches of that one warm up.
  void warm_up_again(std::size_t batches) { warmup_left_ = batches; }
  // `t`: seconds since the run started.
  void begin(double t);
  // An Error: more times than a batch has.
  Status add(const std::vector<double>& ns);
  // `support` tells the environment's refusals from the kernel's.
  void end(const BatchEnds& end, const Support& support);

  // What stood in the way of the whole case.
  void skip(const Skip& reason);
  void fail(const Error& error, const Support& support);
  // A call took the worker down with it.
  void crash(const Error& error);
  // The case was not finished, for this reason; what was measured stays.
  void interrupt(const std::string& reason);
  [[nodiscard]] bool has_batches() const { return !series_.batches.empty(); }
  [[nodiscard]] std::size_t batches() const { return series_.batches.size(); }
  // Whether something was said that keeps it from being a result.
  [[nodiscard]] bool has_trouble() const { return !series_.error.empty(); }

  Series take();

 private:
  BenchCase bench_case_;
  std::size_t warmup_left_;
  SampleStore store_;
  std::vector<double> times_;  // of the batch that is running
  double batch_t_ = 0;
  Series series_;
};

}  // namespace nsbench::bench
