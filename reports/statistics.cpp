#include "reports/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "reports/inference.h"

namespace nsbench {
namespace {

double relative_deviation(const std::vector<Batch>& batches) {
  if (batches.size() < 2) return 0;
  std::vector<double> values;
  for (const Batch& batch : batches) values.push_back(batch.p25);
  const double middle = median(values);
  if (!(middle > 0)) return 0;
  for (double& value : values) value = std::abs(value - middle);
  return median(std::move(values)) / middle;
}

double sustained_rate(const std::vector<Batch>& batches) {
  double calls = 0;
  double seconds = 0;
  for (const Batch& batch : batches) {
    if (!(batch.seconds > 0)) return 0;
    calls += static_cast<double>(batch.calls);
    seconds += batch.seconds + batch.drain;
  }
  return seconds > 0 ? calls / seconds : 0;
}

}  // namespace

double quantile(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = std::clamp(p, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double fraction = place - static_cast<double>(below);
  return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

SeriesStatistics statistics_of(const Series& series) {
  std::vector<double> sorted = series.samples;
  std::sort(sorted.begin(), sorted.end());
  SeriesStatistics statistics;
  statistics.calls = series.calls;
  statistics.timings = series.calls / std::max<std::uint64_t>(series.calls_per_timing, 1);
  statistics.p25 = quantile(sorted, 0.25);
  statistics.p50 = quantile(sorted, 0.5);
  statistics.p90 = quantile(sorted, 0.9);
  statistics.p99 = quantile(sorted, 0.99);
  statistics.p999 = quantile(sorted, 0.999);
  statistics.min = series.min;
  statistics.max = series.max;
  statistics.mean = series.mean;
  statistics.spread = relative_deviation(series.batches);
  statistics.sustained = sustained_rate(series.batches);
  return statistics;
}

LogHistogram log_histogram(const std::vector<double>& times, std::size_t bins) {
  LogHistogram histogram{.counts = std::vector<std::size_t>(bins, 0)};
  if (times.empty()) return histogram;
  histogram.high = *std::max_element(times.begin(), times.end());
  histogram.low = histogram.high;
  for (const double time : times) {
    if (time > 0) histogram.low = std::min(histogram.low, time);
  }
  // A difference, since the ratio of two doubles need not be one.
  const double first = histogram.low > 0 ? std::log(histogram.low) : 0;
  const double reach = histogram.low > 0 ? std::log(histogram.high) - first : 0;
  for (const double time : times) {
    const double place = time > 0 && reach > 0 ? (std::log(time) - first) / reach : 0;
    const auto bin = static_cast<std::size_t>(place * static_cast<double>(bins));
    ++histogram.counts[reach > 0 ? std::min(bin, bins - 1) : bins / 2];
  }
  return histogram;
}

void SampleStore::add(double ns) {
  min_ = calls_ == 0 ? ns : std::min(min_, ns);
  max_ = calls_ == 0 ? ns : std::max(max_, ns);
  sum_ += ns;
  ++calls_;
  if (samples_.size() < max_samples) {
    samples_.push_back(ns);
    return;
  }
  const std::uint64_t place = std::uniform_int_distribution<std::uint64_t>(0, calls_ - 1)(random_);
  if (place < max_samples) samples_[place] = ns;
}

void SampleStore::move_into(Series& series) {
  series.samples = std::exchange(samples_, {});
  series.calls = std::exchange(calls_, 0);
  series.min = std::exchange(min_, 0);
  series.max = std::exchange(max_, 0);
  const double sum = std::exchange(sum_, 0);
  series.mean = series.calls == 0 ? 0 : sum / static_cast<double>(series.calls);
}

Batch batch_of(std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  Batch batch;
  batch.p25 = quantile(times, 0.25);
  batch.min = times.front();
  batch.mean = std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  batch.calls = times.size();
  return batch;
}

}  // namespace nsbench
