// Times of runs at different moments, and instruction counts: means of logs by Welch's test.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/compare_parts.h"
#include "reports/detectable.h"

namespace nsbench::comparing {
namespace {

constexpr std::size_t batches_needed = 2;

std::vector<double> batch_values(const Series& series) {
  std::vector<double> values;
  for (const Batch& batch : series.batches) {
    if (std::isfinite(batch.p25) && batch.p25 > 0) values.push_back(batch.p25);
  }
  return values;
}

struct SideOfMeans {
  std::vector<double> batches;  // of all reports
  Evidence::Units runs;         // the log of each report's median

  explicit SideOfMeans(const std::vector<Timed>& all) {
    for (const Timed& timed : all) {
      const std::vector<double> values = batch_values(*timed.series);
      if (values.empty()) continue;
      runs.emplace(std::pair(timed.place, std::int64_t{0}), std::log(median(values)));
      batches.insert(batches.end(), values.begin(), values.end());
    }
  }
  [[nodiscard]] std::vector<double> logs(bool of_runs) const {
    std::vector<double> logs;
    if (of_runs) {
      for (const auto& [place, log] : runs) logs.push_back(log);
    } else {
      for (const double value : batches) logs.push_back(std::log(value));
    }
    return logs;
  }
};

bool is_enough(SeriesComparison& row, Procedure procedure) {
  const std::size_t fewest = std::min(row.base_n, row.now_n);
  if (procedure == Procedure::Runs && fewest < runs_needed) {
    cannot_tell(row, "few-runs",
                fmt::format("{} and {} runs; {} on each side are needed", row.base_n, row.now_n,
                            runs_needed));
    return false;
  }
  if (fewest < batches_needed) {
    cannot_tell(row, "few-batches",
                fmt::format("{} and {} batches; {} on each side are needed", row.base_n, row.now_n,
                            batches_needed));
    return false;
  }
  return true;
}

}  // namespace

Evidence measure_means(const Joined& joined, Procedure procedure, const CompareOptions& options) {
  Evidence evidence;
  SeriesComparison& row = evidence.row;
  const SideOfMeans base(joined.base);
  const SideOfMeans now(joined.now);
  if (base.batches.empty() || now.batches.empty()) {
    cannot_tell(row, "few-batches", "a side has no batch");
    return evidence;
  }
  const bool several = base.runs.size() >= 2 && now.runs.size() >= 2;
  const bool of_runs = procedure == Procedure::Runs || several;
  const std::vector<double> before = base.logs(of_runs);
  const std::vector<double> after = now.logs(of_runs);
  row.base_n = before.size();
  row.now_n = after.size();
  row.base = median(base.batches);
  row.now = median(now.batches);
  evidence.base_units = base.runs;
  evidence.now_units = now.runs;
  evidence.mean = welch_test(before, after, options.alpha);
  evidence.log_ratio =
      evidence.mean ? evidence.mean->difference : std::log(row.now) - std::log(row.base);
  row.ratio = std::exp(evidence.log_ratio);
  if (evidence.mean) {
    const Interval& logs = evidence.mean->interval;
    row.interval = Interval{std::exp(logs.low), std::exp(logs.high)};
  }
  if (is_enough(row, procedure)) evidence.p = evidence.mean->p;
  return evidence;
}

void conclude_means(Evidence& evidence, double corrected, std::size_t tested,
                    const CompareOptions& options) {
  SeriesComparison& row = evidence.row;
  row.p = corrected;
  const double gate = std::log1p(options.threshold);
  const double detectable = detectable_change(evidence.mean->error, evidence.mean->df,
                                              {options.alpha / static_cast<double>(tested), gate});
  if (std::isfinite(detectable)) row.detectable = std::expm1(detectable);
  if (corrected < options.alpha && std::abs(evidence.log_ratio) > gate) {
    row.change = evidence.log_ratio > 0 ? Change::Slower : Change::Faster;
    return;
  }
  conclude_without_change(row, *row.interval, options);
}

}  // namespace nsbench::comparing
