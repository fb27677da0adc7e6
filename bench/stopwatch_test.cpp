#include "bench/stopwatch.h"

#include <gmock/gmock.h>

namespace nsbench::bench {
namespace {

class EveryClock : public testing::TestWithParam<bool> {};

TEST_P(EveryClock, NeverAnswersLessThanNothing) {
  const Stopwatch stopwatch = Stopwatch::calibrate(GetParam());
  EXPECT_GE(stopwatch.cost_ns(), 0);
  for (int i = 0; i < 10'000; ++i) {
    const Ticks started = stopwatch.start();
    const Ticks stopped = stopwatch.stop();
    ASSERT_GE(stopwatch.ns(started, stopped), 0);
  }
}

TEST_P(EveryClock, TakesItsOwnCostOff) {
  const Stopwatch stopwatch = Stopwatch::calibrate(GetParam());
  EXPECT_EQ(stopwatch.ns(1000, 1000), 0);
  EXPECT_EQ(stopwatch.ns(1000, 999), 0) << "a counter that ran backwards";
  const Ticks million = 1'000'000;
  const Ticks late = 1000 + million;
  const double whole = stopwatch.ns(0, late + million) - stopwatch.ns(0, late);
  EXPECT_NEAR(stopwatch.ns(1000, late) + stopwatch.cost_ns(), whole, 1e-6 * whole);
}

TEST_P(EveryClock, GrowsWithTheWorkBetween) {
  const Stopwatch stopwatch = Stopwatch::calibrate(GetParam());
  const Ticks started = stopwatch.start();
  const Ticks earlier = stopwatch.stop();
  while (stopwatch.stop() < earlier + 100'000) {
  }
  const Ticks later = stopwatch.stop();
  EXPECT_GE(later, earlier);
  EXPECT_GT(stopwatch.ns(started, later), stopwatch.ns(started, earlier));
}

INSTANTIATE_TEST_SUITE_P(Clocks, EveryClock, testing::Values(true, false),
                         [](const auto& clock) { return clock.param ? "Cycles" : "Raw"; });

TEST(ClockStep, IsSeenInTheDistancesOfReads) {
  std::vector<Ticks> coarse;
  std::vector<Ticks> fine;
  for (Ticks i = 0; i < 1000; ++i) {
    coarse.push_back(i % 3 == 0 ? 78 : 52);
    fine.push_back(60 + i % 7);
  }
  EXPECT_EQ(step_between(coarse), 26U);
  coarse[7] = 53;  // rare: a jump
  EXPECT_EQ(step_between(coarse), 26U);
  EXPECT_EQ(step_between(fine), 1U);
  EXPECT_EQ(step_between({40, 40, 40}), 1U);
  EXPECT_EQ(step_between({}), 1U);
}

TEST(InvariantTsc, WantsBothFlagsAsWholeWords) {
  EXPECT_TRUE(promises_invariant_tsc("model\t\t: 1\nflags\t\t: fpu constant_tsc nonstop_tsc\n"));
  EXPECT_FALSE(promises_invariant_tsc("flags\t\t: fpu constant_tsc\n"));
  EXPECT_FALSE(promises_invariant_tsc("flags\t\t: constant_tsc_x nonstop_tsc\n"));
  EXPECT_FALSE(promises_invariant_tsc("bugs\t\t: constant_tsc nonstop_tsc\n"));
  EXPECT_FALSE(promises_invariant_tsc(""));
}

}  // namespace
}  // namespace nsbench::bench
