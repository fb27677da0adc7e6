#include "reports/testdata/sample_sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

// The standard library's normal distribution is not the same everywhere; golden files want that.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}
  double uniform() { return (static_cast<double>(random_() >> 11U) + 0.5) * 0x1p-53; }
  double normal(double deviation) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return deviation * radius * std::cos(2 * 3.14159265358979323846 * uniform());
  }

 private:
  std::mt19937_64 random_;
};

Report without_results(Report report) {
  report.cases.clear();
  report.series.clear();
  return report;
}

Report empty_report(bool is_new) {
  static const Report machine = without_results(healthy_report());  // simulations ask for many
  Report report = machine;
  if (is_new) report.kernel.release = "6.1.0-29-amd64";
  return report;
}

Series empty_series(const SampleSeries& sample) {
  Series series;
  series.id = *CaseId::parse(sample.id);
  series.workload = fmt::format("one {}, until the call returns", sample.id);
  series.namespaces = {series.id.name};
  series.unit = sample.unit;
  series.warmup_batches = 2;
  return series;
}

Batch batch_at(const SampleSeries& sample, double t, double level, Noise& noise) {
  const bool outlier = noise.uniform() < sample.outliers;
  Batch batch;
  batch.t = t;
  batch.p25 = level * std::exp(noise.normal(sample.scatter)) * (outlier ? 2 : 1);
  batch.min = batch.p25 * 0.97;
  batch.cpu = batch.p25 * 0.8;
  batch.seconds = 0.1;
  batch.calls = 100;
  return batch;
}

void finish(Series& series) {
  for (const Batch& batch : series.batches) {
    series.samples.push_back(batch.p25);
    series.calls += batch.calls;
    series.mean += batch.p25 / static_cast<double>(series.batches.size());
  }
  const auto [min, max] = std::minmax_element(series.samples.begin(), series.samples.end());
  series.min = *min;
  series.max = *max;
}

// One benchmark on all three sides: the null side's batch follows the pair.
std::vector<Series> timed_in_turn(const SampleSeries& sample, const SampleLockstep& all,
                                  Noise& noise) {
  std::vector<Series> sides(3, empty_series(sample));
  const double batches = 3.0 * all.starts * all.pairs;
  std::int64_t pair = 0;
  double t = 0;
  for (int start = 0; start < all.starts; ++start) {
    double level[3];
    for (int side = 0; side < 3; ++side) {
      level[side] = sample.typical * (side == 1 ? 1 + sample.change : 1) *
                    std::exp(noise.normal(sample.start_scatter));
    }
    for (int i = 0; i < all.pairs; ++i, ++pair) {
      const int order[2][3] = {{0, 1, 2}, {2, 1, 0}};  // each is first as often as last
      for (const int side : order[i % 2]) {
        const double drifted = 1 + sample.drift * t / (0.1 * batches);
        Batch batch = batch_at(sample, t, level[side] * drifted, noise);
        batch.pair = pair;
        batch.start = start;
        sides[static_cast<std::size_t>(side)].batches.push_back(batch);
        t += 0.1;
      }
    }
  }
  for (Series& side : sides) finish(side);
  return sides;
}

}  // namespace

SampleSides in_lockstep(const SampleLockstep& sample) {
  Noise noise(sample.seed);
  SampleSides sides{empty_report(false), empty_report(true), empty_report(false)};
  sides.base.run.side = "base";
  sides.now.run.side = "new";
  sides.null.run.side = "null";
  for (Report* report : {&sides.base, &sides.now, &sides.null}) {
    report->run.lockstep = fmt::format("session{}", sample.seed);
    report->run.seed = sample.seed;
  }
  for (const SampleSeries& series : sample.series) {
    std::vector<Series> timed = timed_in_turn(series, sample, noise);
    sides.base.series.push_back(std::move(timed[0]));
    sides.now.series.push_back(std::move(timed[1]));
    sides.null.series.push_back(std::move(timed[2]));
  }
  return sides;
}

Report one_run(const std::vector<SampleSeries>& all, bool is_new, int number, std::uint64_t seed) {
  Noise noise(seed * 1000 + static_cast<std::uint64_t>(number));
  Report report = empty_report(is_new);
  report.run.started = fmt::format("2026-01-15T{:02}:{:02}:00Z", 9 + number / 60, number % 60);
  report.run.seed = seed;
  report.kernel.boot_id = fmt::format("boot-{}-{}", seed, number);
  for (const SampleSeries& sample : all) {
    Series& series = report.series.emplace_back(empty_series(sample));
    const double level = sample.typical * (is_new ? 1 + sample.change : 1) *
                         (1 + sample.drift * number) * std::exp(noise.normal(sample.start_scatter));
    for (int i = 0; i < 10; ++i) series.batches.push_back(batch_at(sample, 0.1 * i, level, noise));
    finish(series);
  }
  return report;
}

namespace {

CaseResult& case_named(Report& report, const std::string& id) {
  return *std::find_if(report.cases.begin(), report.cases.end(),
                       [&](const CaseResult& result) { return result.id.str() == id; });
}

void set_verdict(Report& report, const std::string& id, VerdictKind verdict) {
  CaseResult& result = case_named(report, id);
  result.verdict = verdict;
  if (verdict == VerdictKind::Skip) result.skip = SkipReason::Policy;
}

}  // namespace

SampleSides sample_sides() {
  SampleSides sides = in_lockstep(
      {.series = {
           {.id = "create/uts:unshare:root", .typical = 1'830, .change = 0.052},
           {.id = "create/pid:clone3:root", .typical = 97'100, .scatter = 0.02},
           {.id = "create/net:unshare:root", .typical = 412'000, .change = 0.02, .scatter = 0.3},
           {.id = "create/mnt/mounts=10:unshare:root", .typical = 22'400, .drift = 0.2},
           {.id = "create/mnt/mounts=1000:unshare:root", .typical = 1'610'000, .change = 0.021},
           {.id = "create/ipc:unshare:root", .typical = 20'400, .change = 0.03},
           {.id = "create/user:unshare:userns", .typical = 25'300},
           {.id = "join/uts:setns.pidfd:root", .typical = 640, .change = -0.034},
           {.id = "join/all:setns:root", .typical = 20'800},
           {.id = "memory/net:unshare:root", .typical = 215'000, .scatter = 0, .unit = "bytes"},
       }});
  for (Batch& batch : sides.null.series[5].batches) batch.p25 *= 1.03;
  sides.now.series[6].failures = 3;
  sides.now.series[6].error = "unshare(CLONE_NEWUSER): ENOSPC";
  sides.base.series[4].drained = false;
  const Report healthy = healthy_report();
  sides.base.cases = sides.now.cases = healthy.cases;
  set_verdict(sides.now, "uts/hostname:setns:userns", VerdictKind::Fail);
  set_verdict(sides.base, "ipc/sysv_keys:clone3:root", VerdictKind::Fail);
  for (Report* report : {&sides.base, &sides.now}) {
    set_verdict(*report, "nsfs/inode_differs:clone:root", VerdictKind::Fail);
  }
  set_verdict(sides.now, "net/interfaces:clone3:userns", VerdictKind::Skip);
  sides.now.warnings = {{"steal-time", "the hypervisor took 3 % of the time away"}};
  return sides;
}

SampleRuns in_turn(const std::vector<SampleSeries>& series, int runs, std::uint64_t seed) {
  SampleRuns all;
  for (int i = 0; i < runs; ++i) {
    const bool new_first = i % 2 == 1;
    all.base.push_back(one_run(series, false, 2 * i + (new_first ? 1 : 0), seed));
    all.now.push_back(one_run(series, true, 2 * i + (new_first ? 0 : 1), seed));
  }
  return all;
}

}  // namespace nsbench
