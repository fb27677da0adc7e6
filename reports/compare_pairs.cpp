// Times measured in lock step: pairs of neighbouring batches, and the starts they belong to.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/compare_parts.h"
#include "reports/detectable.h"

namespace nsbench::comparing {
namespace {

using Key = std::pair<std::int64_t, std::int64_t>;  // start, pair

std::map<Key, double> logs_by_pair(const Series& series) {
  std::map<Key, double> logs;
  for (const Batch& batch : series.batches) {
    if (batch.pair < 0 || !std::isfinite(batch.p25) || !(batch.p25 > 0)) continue;
    logs.emplace(Key(batch.start, batch.pair), std::log(batch.p25));
  }
  return logs;
}

struct Pairs {
  std::vector<double> differences;
  std::vector<double> base, now;  // values of the batches that have a neighbour
  std::map<std::pair<std::size_t, std::int64_t>, std::vector<double>> by_start;

  void add(const Timed& before, const Timed& after) {
    const std::map<Key, double> other = logs_by_pair(*after.series);
    for (const auto& [key, log] : logs_by_pair(*before.series)) {
      const auto found = other.find(key);
      if (found == other.end()) continue;
      differences.push_back(found->second - log);
      by_start[{before.place, key.first}].push_back(differences.back());
      base.push_back(std::exp(log));
      now.push_back(std::exp(found->second));
    }
  }
  [[nodiscard]] Evidence::Units medians() const {
    Evidence::Units units;
    for (const auto& [start, values] : by_start) units.emplace(start, median(values));
    return units;
  }
};

Pairs pairs_of(const std::vector<Timed>& base, const std::vector<Timed>& now) {
  Pairs pairs;
  for (const Timed& before : base) {
    for (const Timed& after : now) {
      if (before.place == after.place) pairs.add(before, after);
    }
  }
  return pairs;
}

std::vector<double> values_of(const Evidence::Units& units) {
  std::vector<double> values;
  for (const auto& [key, value] : units) values.push_back(value);
  return values;
}

// The rule, for the comparison and, uncorrected and so rather too wary, for its control.
bool is_over(double log_ratio, const CompareOptions& options) {
  return std::abs(log_ratio) > std::log1p(options.threshold);
}

bool fires(const Pairs& pairs, const CompareOptions& options) {
  if (pairs.differences.empty()) return false;
  const double middle = median(pairs.differences);
  return sign_test(pairs.differences).p < options.alpha && is_over(middle, options) &&
         bear_out(values_of(pairs.medians()), middle, options.alpha);
}

// What the starts say about no change: the interval of their mean, or of many their median, beside
// that of the pairs.
Interval widened(Interval interval, const std::vector<double>& starts, double alpha) {
  if (starts.size() < starts_for_t) return interval;
  const std::optional<Interval> middle =
      starts.size() < starts_for_signs ? std::nullopt : median_interval(starts, 2 * alpha);
  const Interval outer = middle ? *middle : student_test(starts, 2 * alpha)->interval;
  return {std::min(interval.low, std::exp(outer.low)),
          std::max(interval.high, std::exp(outer.high))};
}

std::string range_of(const std::vector<double>& starts) {
  const auto [low, high] = std::minmax_element(starts.begin(), starts.end());
  return fmt::format("{:+.1f} to {:+.1f} %", 100 * std::expm1(*low), 100 * std::expm1(*high));
}

}  // namespace

Evidence measure_pairs(const Joined& joined, const CompareOptions& options) {
  Evidence evidence;
  SeriesComparison& row = evidence.row;
  Pairs pairs = pairs_of(joined.base, joined.now);
  row.pairs = pairs.differences.size();
  row.starts = pairs.by_start.size();
  if (row.pairs == 0) {
    cannot_tell(row, "no-pairs", "no batch of one side has its neighbour on the other");
    return evidence;
  }
  evidence.log_ratio = median(pairs.differences);
  evidence.now_units = pairs.medians();
  evidence.p = sign_test(pairs.differences).p;
  row.base = median(std::move(pairs.base));
  row.now = median(std::move(pairs.now));
  row.ratio = std::exp(evidence.log_ratio);
  if (const auto logs = median_interval(pairs.differences, options.alpha)) {
    row.interval = Interval{std::exp(logs->low), std::exp(logs->high)};
  }
  const Pairs control = pairs_of(joined.base, joined.null);
  row.null_pairs = control.differences.size();
  if (row.null_pairs > 0) row.null_ratio = std::exp(median(control.differences));
  evidence.null_fired = fires(control, options);
  evidence.differences = std::move(pairs.differences);
  return evidence;
}

void conclude_pairs(Evidence& evidence, double corrected, std::size_t tested,
                    const CompareOptions& options) {
  SeriesComparison& row = evidence.row;
  row.p = corrected;
  const double alpha = options.alpha / static_cast<double>(tested);
  const std::vector<double> starts = values_of(evidence.now_units);
  const double detectable = detectable_change(
      evidence.differences, starts, {alpha, options.alpha, std::log1p(options.threshold)});
  if (std::isfinite(detectable)) row.detectable = std::expm1(detectable);
  const std::size_t needed = sign_test_needs(alpha);
  if (row.pairs < needed || !row.interval) {
    return cannot_tell(row, "few-batches",
                       fmt::format("{} pairs of batches; {} are needed", row.pairs, needed));
  }
  if (evidence.null_fired) {
    return cannot_tell(row, "null-fired",
                       fmt::format("base differs from a second copy of itself by {}",
                                   percent(std::abs(*row.null_ratio - 1))));
  }
  if (corrected < options.alpha && is_over(evidence.log_ratio, options)) {
    if (!bear_out(starts, evidence.log_ratio, options.alpha)) {
      return cannot_tell(
          row, "starts-differ",
          fmt::format("the pairs differ by {}, but the {} starts do not bear it out: "
                      "{}",
                      percent(std::abs(*row.ratio - 1)), starts.size(), range_of(starts)));
    }
    row.change = evidence.log_ratio > 0 ? Change::Slower : Change::Faster;
    return;
  }
  conclude_without_change(row, widened(*row.interval, starts, options.alpha), options);
}

}  // namespace nsbench::comparing
