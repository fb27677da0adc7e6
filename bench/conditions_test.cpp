#include "bench/conditions.h"

#include <gmock/gmock.h>

namespace nsbench::bench {
namespace {

using testing::HasSubstr;

TEST(ProcStat, IsReadForAllCpusTogether) {
  const std::optional<CpuTimes> times = parse_stat(
      "cpu  100 20 30 400 50 6 7 80 9 1\n"
      "cpu0 1 2 3 4 5 6 7 8 9 10\n"
      "intr 5 6 7\n"
      "procs_running 3\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, 693U);
  EXPECT_EQ(times->busy, 163U);
  EXPECT_EQ(times->steal, 80U);
  EXPECT_EQ(times->running, 3);
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("cpu 1 2 3\n"));
}

TEST(Steal, IsWarnedOfFromOnePerCent) {
  const CpuTimes before{.steal = 10, .total = 1000};
  EXPECT_FALSE(about_steal(before, {.steal = 20, .total = 2000}));
  const std::optional<Warning> warning = about_steal(before, {.steal = 30, .total = 2000});
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->code, "steal");
  EXPECT_THAT(warning->text, HasSubstr("2.0 %"));
  EXPECT_FALSE(about_steal(before, before));
}

TEST(Load, IsWarnedOfWhereOthersWantedToRun) {
  EXPECT_FALSE(about_load({}));
  EXPECT_FALSE(about_load(std::vector<int>{0, 0, 1, 0}));
  EXPECT_EQ(about_load(std::vector<int>{1, 2, 0, 1})->code, "load");
}

TEST(Clocks, MayBeSlewedButNotSet) {
  const Clocks before{.realtime = 1000, .monotonic = 10, .boottime = 20, .raw = 10, .cycles = 7};
  EXPECT_FALSE(about_clocks(before, {1010, 20, 30, 20.0005, 17.0005}));
  EXPECT_THAT(about_clocks(before, {1011, 20, 30, 20, 17})->text, HasSubstr("+1.000 s"));
  EXPECT_THAT(about_clocks(before, {910, 20, 30, 20, 17})->text, HasSubstr("-100.000 s"));
  EXPECT_THAT(about_clocks(before, {1010, 20, 330, 20, 17})->text, HasSubstr("slept 300.0 s"));
  EXPECT_THAT(about_clocks(before, {1010, 20, 30, 20, 17.1})->text, HasSubstr("+1.00 %"));
  EXPECT_EQ(about_clocks(before, {1010, 20, 30, 20, 17.1})->code, "clock-step");
}

TEST(Clocks, WithoutACycleCounterAreFine) {
  EXPECT_FALSE(about_clocks({1000, 10, 20, 10, 0}, {1010, 20, 30, 20, 0}));
}

TEST(Frequencies, AreFixedOnlyByTheGovernorPerformanceWithoutBoost) {
  EXPECT_FALSE(about_frequency({}));
  EXPECT_FALSE(about_frequency({.governors = {"performance"}, .boost = false}));
  EXPECT_THAT(about_frequency({.governors = {"performance", "schedutil"}})->text,
              HasSubstr("performance and schedutil"));
  EXPECT_THAT(about_frequency({.governors = {"performance"}, .boost = true})->text,
              HasSubstr("boost"));
}

TEST(Rate, MayVaryALittleAndHaveOutliers) {
  std::vector<double> loop(100, 1000);
  loop[7] = 5000;
  EXPECT_FALSE(about_rate(loop));
  for (std::size_t i = 0; i < 30; ++i) loop[i] = 1100;
  EXPECT_THAT(about_rate(loop)->text, HasSubstr("10.0 %"));
  EXPECT_FALSE(about_rate({1000, 2000})) << "too few to tell";
}

Series with(const char* id, std::uint64_t calls, std::size_t batches) {
  Series series;
  series.id = *CaseId::parse(id);
  series.calls = calls;
  series.batches.resize(batches);
  return series;
}

TEST(Samples, AreCountedAndTheirSeriesNamed) {
  std::vector<Series> series{with("create/a:unshare:root", 40, 4),
                             with("create/b:unshare:root", 39, 4),
                             with("create/c:unshare:root", 400, 3)};
  std::optional<Warning> warning = about_samples(series);
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->code, "few-samples");
  EXPECT_THAT(warning->text, HasSubstr(": create/b:unshare:root, create/c:unshare:root"));
  series.resize(1);
  EXPECT_FALSE(about_samples(series));
  series.front().calls_per_timing = 16;
  EXPECT_TRUE(about_samples(series)) << "calls that were timed together are one timing";
  series.front().failures = 1;
  EXPECT_FALSE(about_samples(series)) << "what failed is told otherwise";
}

TEST(FixedLoop, TakesTime) { EXPECT_GT(time_fixed_loop(Stopwatch::calibrate()), 0); }

}  // namespace
}  // namespace nsbench::bench
