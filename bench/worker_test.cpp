#include "bench/worker.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace nsbench::bench {
namespace {

TEST(CallsPerTiming, AreSeveralWhereTheClockIsCoarseBesideTheCall) {
  constexpr double fine = 0.4;
  constexpr double coarse = 10;
  EXPECT_GT(calls_per_timing_of(160, fine), 1U);
  EXPECT_EQ(calls_per_timing_of(1300, fine), 1U);
  EXPECT_GT(calls_per_timing_of(1300, coarse), 1U);
  EXPECT_EQ(calls_per_timing_of(20'000, coarse), 1U);
  EXPECT_EQ(calls_per_timing_of(20'000, 1000), 1U) << "however coarse";
}

TEST(CallsPerTiming, AreOneNumberHoweverShortTheCallIs) {
  EXPECT_EQ(calls_per_timing_of(10, 1), calls_per_timing_of(499, 1));
  EXPECT_EQ(calls_per_timing_of(10, 10), calls_per_timing_of(4999, 10));
}

TEST(TimesWithinAStep, StayAroundTheReading) {
  EXPECT_DOUBLE_EQ(within_step(100, 10, 0), 95);
  EXPECT_DOUBLE_EQ(within_step(100, 10, 1), 105);
  EXPECT_DOUBLE_EQ(within_step(100, 0, 1), 100);
  EXPECT_DOUBLE_EQ(within_step(0, 10, 0), 0) << "no time is less than nothing";
}

// What lasts 103 ns is read as 100 seven times of ten, and as 110 three times.
TEST(TimesWithinAStep, HaveAMedianBetweenSteps) {
  std::vector<double> ns;
  for (int i = 0; i < 1000; ++i)
    ns.push_back(within_step(i % 10 < 3 ? 110 : 100, 10, std::floor(i / 10.0) / 100));
  std::sort(ns.begin(), ns.end());
  EXPECT_NEAR(ns[500], 102, 1.0);
}

}  // namespace
}  // namespace nsbench::bench
