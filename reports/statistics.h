// Percentiles and the bounded store of raw times. Times are nanoseconds throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "reports/report.h"

namespace nsbench {

// The p-quantile (0..1) by linear interpolation between order statistics (Hyndman and Fan's type 7,
// what numpy and R do by default). NaN if `sorted` is empty. `sorted` must be ascending.
double quantile(const std::vector<double>& sorted, double p);

// What is derived from a series: percentiles over the kept samples, the rest over all calls.
struct SeriesStatistics {
  std::uint64_t calls = 0;
  std::uint64_t timings = 0;  // calls / calls_per_timing
  double p25 = 0, p50 = 0, p90 = 0, p99 = 0, p999 = 0;
  double min = 0, max = 0, mean = 0;
  // Median absolute deviation of the batches' p25, as a fraction of their median: how steady the
  // series was while it ran. 0 with fewer than two batches.
  double spread = 0;
  // Calls per second that can be kept up: with what undoes each call, and with the time until what
  // was dropped is gone, over all batches. 0: not known.
  double sustained = 0;
  // How many timings a percentile needs before it says anything: p99 wants 100, p99.9 wants 1,000.
  [[nodiscard]] bool has_p99() const { return timings >= 100; }
  [[nodiscard]] bool has_p999() const { return timings >= 1000; }
};
SeriesStatistics statistics_of(const Series& series);

// How many of the times fall into each of `bins` steps of equal ratio between the smallest, `low`,
// and the largest, `high`. Times of 0 count as `low` (the smallest that is more); all equal ones
// are in the middle. `bins` must not be 0; without times all counts are 0.
struct LogHistogram {
  double low = 0, high = 0;
  std::vector<std::size_t> counts;
};
LogHistogram log_histogram(const std::vector<double>& times, std::size_t bins);

// Keeps at most `max_samples` of the times it is given, each equally likely to be kept (reservoir
// sampling, Vitter's algorithm R), and exact count, min, max and mean of all of them.
class SampleStore {
 public:
  static constexpr std::size_t max_samples = 4096;

  explicit SampleStore(std::uint64_t seed) : random_(seed) {}
  void add(double ns);
  // Moves what was gathered into `series` (samples, calls, min, max, mean).
  void move_into(Series& series);

 private:
  std::mt19937_64 random_;
  std::vector<double> samples_;
  std::uint64_t calls_ = 0;
  double min_ = 0, max_ = 0, sum_ = 0;
};

// The statistics of one batch: `times` (ns, any order) is sorted in place; must not be empty.
Batch batch_of(std::vector<double>& times);

}  // namespace nsbench
