#include "bench/assembly.h"

#include <utility>

#include "bench/recording.h"
#include "bench/requirements.h"

namespace nsbench::bench {

SeriesBuilder::SeriesBuilder(const BenchCase& bench_case, std::size_t warmup_batches,
                             std::uint64_t seed)
    : bench_case_(bench_case), warmup_left_(warmup_batches), store_(seed) {
  series_.id = bench_case.id();
  series_.workload = bench_case.workload->sentence;
  series_.unit = bench_case.workload->unit;
  series_.namespaces = bench_case.workload->namespaces.names();
}

void SeriesBuilder::begin(double t) {
  times_.clear();
  batch_t_ = t;
}

Status SeriesBuilder::add(const std::vector<double>& ns) {
  if (times_.size() + ns.size() > Recording::max_timings) {
    return Error{"the benchmark's worker sent more times than a batch has"};
  }
  times_.insert(times_.end(), ns.begin(), ns.end());
  return {};
}

void SeriesBuilder::end(const BatchEnds& end, const Support& support) {
  series_.drained = series_.drained && end.drained;
  if (end.outcome != BatchEnds::Outcome::Measured) {
    if (end.outcome == BatchEnds::Outcome::CallFailed) ++series_.failures;
    fail({end.step, end.err}, support);
    return;
  }
  if (times_.empty()) return;
  const bool same = series_.calls_per_timing == end.calls_per_timing;
  if (!same && (has_batches() || series_.warmup_batches > 0)) {
    crash({"the worker timed another number of calls at once than before"});
    return;
  }
  series_.calls_per_timing = end.calls_per_timing;
  if (warmup_left_ > 0) {
    --warmup_left_;
    ++series_.warmup_batches;
    return;
  }
  for (const double ns : times_) store_.add(ns);
  Batch batch = batch_of(times_);
  batch.t = batch_t_;
  batch.calls *= end.calls_per_timing;
  batch.cpu = end.cpu_ns;
  batch.seconds = end.seconds;
  batch.drain = end.drain;
  series_.batches.push_back(batch);
}

void SeriesBuilder::skip(const Skip& reason) {
  series_.skip = reason.reason;
  series_.error = reason.text;
}

void SeriesBuilder::fail(const Error& error, const Support& support) {
  const bool userns = bench_case_.privilege == Privilege::Userns ||
                      bench_case_.workload->namespaces.has(Kind::User);
  // What has worked once is not refused by the environment, but by a limit that is full now.
  const bool worked = has_batches() || series_.warmup_batches > 0;
  std::optional<Skip> reason;
  if (!worked) reason = met_a_limit(bench_case_, error);
  if (!reason) reason = support.explain(error, userns);
  if (worked && reason && reason->reason != SkipReason::Limit) reason.reset();
  if (reason) {
    series_.failures = 0;
    series_.warmup_batches = 0;
    series_.batches.clear();  // what was not finished is no result
    store_ = SampleStore(0);
    skip(*reason);
  } else if (series_.error.empty()) {
    series_.error = error.str();
  }
}

void SeriesBuilder::crash(const Error& error) {
  ++series_.failures;
  if (series_.error.empty()) series_.error = error.str();
}

void SeriesBuilder::interrupt(const std::string& reason) {
  if (series_.error.empty()) series_.error = reason;
}

Series SeriesBuilder::take() {
  store_.move_into(series_);
  series_.calls *= series_.calls_per_timing;
  return std::move(series_);
}

}  // namespace nsbench::bench
