#include "bench/worker.h"

#include <gmock/gmock.h>

namespace nsbench::bench {
namespace {

TEST(CallsPerTiming, AreSeveralWhereTheClockIsCoarseBesideTheCall) {
  EXPECT_GT(calls_per_timing_of(160, true), 1U);
  EXPECT_EQ(calls_per_timing_of(1300, true), 1U);
  EXPECT_GT(calls_per_timing_of(1300, false), 1U);
  EXPECT_EQ(calls_per_timing_of(20'000, false), 1U);
}

TEST(CallsPerTiming, AreOneNumberHoweverShortTheCallIs) {
  EXPECT_EQ(calls_per_timing_of(10, true), calls_per_timing_of(499, true));
  EXPECT_EQ(calls_per_timing_of(10, false), calls_per_timing_of(4999, false));
}

}  // namespace
}  // namespace nsbench::bench
