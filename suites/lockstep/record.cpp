#include "suites/lockstep/record.h"

#include <algorithm>
#include <random>
#include <utility>

#include "bench/workload.h"
#include "reports/verdict.h"
#include "suites/lockstep/facts.h"

namespace nsbench::lockstep {
namespace {

// What is known here of a case; one of a newer nsbench has no more than its name.
Series empty_series(const CaseId& id, const std::vector<BenchCase>& known) {
  Series series;
  series.id = id;
  const auto found =
      std::find_if(known.begin(), known.end(), [&id](const BenchCase& c) { return c.id() == id; });
  if (found != known.end()) {
    series.workload = found->workload->sentence;
    series.namespaces = found->workload->namespaces.names();
  }
  return series;
}

}  // namespace

SideRecord::SideRecord(const std::string& side, std::span<const CaseId> cases, std::uint64_t seed) {
  report_.run.side = side;
  const std::vector<BenchCase> known = all_bench_cases();
  std::mt19937_64 seeds(seed);
  for (const CaseId& id : cases) {
    entries_.push_back({.series = empty_series(id, known), .store = SampleStore(seeds())});
  }
}

void SideRecord::meet(const Hello& hello) {
  if (std::exchange(met_, true)) return;
  report_.run.version = hello.nsbench;
  report_.run.workload_version = hello.workload;
  if (!hello.build.empty()) report_.run.build_type = hello.build;
  report_.kernel.release = hello.kernel;
  report_.kernel.clock = hello.clock;
}

void SideRecord::learn(std::span<const About> facts) {
  if (facts.empty() || std::exchange(learned_, true)) return;
  for (const About& fact : facts) lockstep::learn(fact, report_.kernel, report_.environment);
}

void SideRecord::warn(const Warning& warning) {
  const auto same = [&warning](const Warning& known) { return known.code == warning.code; };
  if (std::any_of(report_.warnings.begin(), report_.warnings.end(), same)) return;
  report_.warnings.push_back(warning);
}

void SideRecord::add(std::size_t case_index, const BatchResult& result, const Place& place) {
  Entry& entry = entries_[case_index];
  Series& series = entry.series;
  series.min = series.calls == 0 ? result.min : std::min(series.min, result.min);
  series.max = std::max(series.max, result.max);
  series.calls += result.n;
  entry.sum += result.mean * static_cast<double>(result.n);
  series.unit = result.unit;
  series.calls_per_timing = result.calls_per_timing;
  series.drained = series.drained && result.drained;
  for (const double value : result.samples) entry.store.add(value);
  Batch batch;
  batch.t = place.t;
  batch.p25 = result.p25;
  batch.min = result.min;
  batch.mean = result.mean;
  batch.cpu = result.cpu;
  batch.calls = result.n;
  batch.seconds = result.seconds;
  batch.drain = result.drain;
  batch.pair = place.pair;
  batch.start = place.start;
  series.batches.push_back(batch);
}

void SideRecord::refuse(std::size_t case_index, const BatchResult& result) {
  Series& series = entries_[case_index].series;
  if (result.outcome == BatchResult::Outcome::Skipped && series.batches.empty()) {
    series.skip = parse_skip_reason(result.skip);
  } else if (result.outcome == BatchResult::Outcome::Failed || !series.batches.empty()) {
    ++series.failures;
  }
  series.error = result.error;
}

void SideRecord::crash(std::size_t case_index, const std::string& error) {
  ++entries_[case_index].series.failures;
  entries_[case_index].series.error = error;
}

void SideRecord::leave_out(std::size_t case_index, const std::string& reason) {
  Series& series = entries_[case_index].series;
  if (series.batches.empty() && series.error.empty()) series.error = reason;
}

Report SideRecord::take() {
  for (Entry& entry : entries_) {
    Series& series = entry.series;
    // The store knows the samples alone.
    const std::uint64_t calls = series.calls;
    const double min = series.min;
    const double max = series.max;
    entry.store.move_into(series);
    series.calls = calls;
    series.min = min;
    series.max = max;
    series.mean = calls == 0 ? 0 : entry.sum / static_cast<double>(calls);
    report_.series.push_back(std::move(series));
  }
  name_units(report_);
  return std::move(report_);
}

}  // namespace nsbench::lockstep
