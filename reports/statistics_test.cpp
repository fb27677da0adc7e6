#include "reports/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nsbench {
namespace {

std::vector<double> one_to(int last) {
  std::vector<double> values(static_cast<std::size_t>(last));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// Expected values: numpy.quantile(values, p), whose default is the same type 7.
TEST(Quantile, InterpolatesAsNumpyAndRDo) {
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4}, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4, 5}, 0.9), 4.6);
  EXPECT_DOUBLE_EQ(quantile(one_to(1000), 0.999), 999.001);
}

TEST(Quantile, OfOneOrTwoValues) {
  EXPECT_DOUBLE_EQ(quantile({7}, 0), 7);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.99), 7);
  EXPECT_DOUBLE_EQ(quantile({7, 9}, 0.5), 8);
  EXPECT_DOUBLE_EQ(quantile({7, 9}, 1), 9);
}

TEST(Quantile, OfNothingIsNaN) { EXPECT_TRUE(std::isnan(quantile({}, 0.5))); }

TEST(Quantile, TiesAndAllEqualGiveTheValueItself) {
  EXPECT_EQ(quantile({5, 5, 5, 5}, 0.37), 5);
  EXPECT_EQ(quantile({1, 5, 5, 5, 5, 9}, 0.5), 5);
}

TEST(Quantile, OneOutlierMovesOnlyTheTail) {
  std::vector<double> values(99, 100.0);
  values.push_back(1e9);
  EXPECT_EQ(quantile(values, 0.5), 100);
  EXPECT_EQ(quantile(values, 0.9), 100);
  EXPECT_EQ(quantile(values, 1), 1e9);
}

TEST(Quantile, BeyondTheEndsIsTheEnd) {
  EXPECT_EQ(quantile({1, 2}, -1), 1);
  EXPECT_EQ(quantile({1, 2}, 2), 2);
}

TEST(SeriesStatistics, PercentilesAreOfTheSamplesAndTheRestOfAllCalls) {
  Series series;
  series.samples = {4, 1, 3, 2};
  series.calls = 10;
  series.min = 0.5;
  series.max = 40;
  series.mean = 6;
  const SeriesStatistics statistics = statistics_of(series);
  EXPECT_DOUBLE_EQ(statistics.p50, 2.5);
  EXPECT_EQ(statistics.min, 0.5);
  EXPECT_EQ(statistics.max, 40);
  EXPECT_EQ(statistics.mean, 6);
  EXPECT_EQ(statistics.calls, 10U);
}

TEST(SeriesStatistics, ATailPercentileNeedsEnoughTimings) {
  SeriesStatistics statistics;
  statistics.timings = 99;
  EXPECT_FALSE(statistics.has_p99());
  statistics.timings = 100;
  EXPECT_TRUE(statistics.has_p99());
  EXPECT_FALSE(statistics.has_p999());
  statistics.timings = 1000;
  EXPECT_TRUE(statistics.has_p999());
}

Series batches(const std::vector<double>& p25s) {
  Series series;
  for (const double p25 : p25s) series.batches.push_back({.p25 = p25});
  return series;
}

TEST(SeriesStatistics, SpreadIsTheRelativeMedianDeviation) {
  EXPECT_DOUBLE_EQ(statistics_of(batches({90, 100, 110})).spread, 0.1);
  EXPECT_DOUBLE_EQ(statistics_of(batches({100, 100, 100, 900})).spread, 0);
  EXPECT_DOUBLE_EQ(statistics_of(batches({100})).spread, 0);
  EXPECT_DOUBLE_EQ(statistics_of(batches({})).spread, 0);
  EXPECT_DOUBLE_EQ(statistics_of(batches({0, 0})).spread, 0);
}

TEST(SeriesStatistics, CallsOfOneTimingAreOneTiming) {
  Series series;
  series.calls = 1600;
  series.calls_per_timing = 16;
  EXPECT_EQ(statistics_of(series).timings, 100U);
}

TEST(SeriesStatistics, TheRateHasEverythingInIt) {
  Series series;
  series.batches = {{.calls = 100, .seconds = 0.25, .drain = 0.75},
                    {.calls = 300, .seconds = 1, .drain = 0}};
  EXPECT_DOUBLE_EQ(statistics_of(series).sustained, 200);
  series.batches.push_back({.calls = 100});
  EXPECT_EQ(statistics_of(series).sustained, 0) << "of one batch nothing is known";
  EXPECT_EQ(statistics_of(Series()).sustained, 0);
}

TEST(SeriesStatistics, OfAnEmptySeriesAreNotANumber) {
  EXPECT_TRUE(std::isnan(statistics_of(Series()).p50));
}

TEST(LogHistogram, HasStepsOfEqualRatio) {
  const LogHistogram histogram = log_histogram({1, 2, 9, 20, 1000}, 3);
  EXPECT_EQ(histogram.low, 1);
  EXPECT_EQ(histogram.high, 1000);
  EXPECT_EQ(histogram.counts, (std::vector<std::size_t>{3, 1, 1}));
}

TEST(LogHistogram, LosesNoTime) {
  EXPECT_EQ(log_histogram({0, 0, 5, 50}, 4).counts, (std::vector<std::size_t>{3, 0, 0, 1}));
  EXPECT_EQ(log_histogram({7, 7}, 3).counts, (std::vector<std::size_t>{0, 2, 0}));
  EXPECT_EQ(log_histogram({0, 0}, 1).counts, (std::vector<std::size_t>{2}));
  EXPECT_EQ(log_histogram({}, 2).counts, (std::vector<std::size_t>{0, 0}));
}

TEST(SampleStore, IsBoundedButCountsAll) {
  SampleStore store(1);
  constexpr int calls = 100'000;
  for (int i = 1; i <= calls; ++i) store.add(i);
  Series series;
  store.move_into(series);
  EXPECT_EQ(series.samples.size(), SampleStore::max_samples);
  EXPECT_EQ(series.calls, static_cast<std::uint64_t>(calls));
  EXPECT_EQ(series.min, 1);
  EXPECT_EQ(series.max, calls);
  EXPECT_DOUBLE_EQ(series.mean, (calls + 1) / 2.0);
}

// With 4096 kept of 100,000 a uniform choice has its median within 3 % of the middle, 6 times the
// standard error away; keeping only the first or the last would be far outside.
TEST(SampleStore, KeepsAUniformChoice) {
  SampleStore store(7);
  for (int i = 1; i <= 100'000; ++i) store.add(i);
  Series series;
  store.move_into(series);
  const SeriesStatistics statistics = statistics_of(series);
  EXPECT_NEAR(statistics.p50, 50'000, 5'000);
  EXPECT_NEAR(statistics.p25, 25'000, 5'000);
  std::sort(series.samples.begin(), series.samples.end());
  EXPECT_EQ(std::adjacent_find(series.samples.begin(), series.samples.end()), series.samples.end());
}

TEST(SampleStore, KeepsAllOfAFewAndBeginsAnew) {
  SampleStore store(1);
  store.add(3);
  store.add(1);
  Series first;
  store.move_into(first);
  EXPECT_EQ(first.samples, (std::vector<double>{3, 1}));
  EXPECT_EQ(first.min, 1);
  Series second;
  store.move_into(second);
  EXPECT_TRUE(second.samples.empty());
  EXPECT_EQ(second.calls, 0U);
  EXPECT_EQ(second.mean, 0);
}

TEST(BatchOf, SortsAndSummarises) {
  std::vector<double> times{40, 10, 30, 20};
  const Batch batch = batch_of(times);
  EXPECT_DOUBLE_EQ(batch.p25, 17.5);
  EXPECT_EQ(batch.min, 10);
  EXPECT_EQ(batch.mean, 25);
  EXPECT_EQ(batch.calls, 4U);
}

TEST(LogHistogram, TakesTheSmallestAndTheLargestNumbers) {
  const LogHistogram histogram = log_histogram({5e-324, 1, 1.7e308}, 10);
  EXPECT_EQ(histogram.counts.front(), 1U);
  EXPECT_EQ(histogram.counts.back(), 1U);
}

}  // namespace
}  // namespace nsbench
