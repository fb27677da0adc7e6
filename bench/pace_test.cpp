#include "bench/pace.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace nsbench::bench {
namespace {

TEST(Pace, GivesEveryCaseFiveBatchesHoweverSmallTheBudget) {
  for (const double seconds : {0.0, 0.001, 0.1, 0.25}) {
    EXPECT_EQ(Pace(10, seconds).batches(3), 5U) << seconds;
    EXPECT_EQ(Pace(10, seconds).warmup_batches(3), 1U) << seconds;
  }
  EXPECT_EQ(Pace(10, 0.5).batches(0), 10U) << "enough for a sign test";
  EXPECT_EQ(Pace(10, 2.0).batches(0), 20U);
  EXPECT_LE(Pace(10, 1e12).batches(0), 10'000U);
}

TEST(Pace, SpendsTheBudgetWhateverBelongsToABatchCosts) {
  const Pace pace(10, 1.0);
  for (const double overhead : {0.0, 0.03, 0.07}) {
    double elapsed = 0;
    for (std::size_t left = pace.total_batches(); left > 0; --left) {
      elapsed += overhead + pace.for_calls(0, elapsed, overhead * static_cast<double>(left),
                                           pace.planned(0) * static_cast<double>(left));
    }
    EXPECT_NEAR(elapsed, pace.total_seconds(), 0.01) << overhead;
  }
}

TEST(Pace, ACaseWithFewerBatchesSitsRoundsOutEvenly) {
  const Pace pace({10.0, 0.5, 2.0});
  EXPECT_EQ(pace.rounds(), 100U);
  EXPECT_EQ(pace.total_batches(), 100U + 10U + 20U);
  for (std::size_t index = 0; index < 3; ++index) {
    std::size_t batches = 0;
    std::size_t last = 0;
    for (std::size_t round = 0; round < pace.rounds(); ++round) {
      if (!pace.takes_part(index, round)) continue;
      EXPECT_LE(round - last, pace.rounds() / pace.batches(index)) << index;
      last = round;
      ++batches;
    }
    EXPECT_EQ(batches, pace.batches(index));
  }
}

TEST(Pace, ACaseOfLongCallsEndsWhenItHasEnoughBatches) {
  const Pace pace(2, 2.0);
  EXPECT_FALSE(pace.is_overdrawn(0, 10, 3.9));
  EXPECT_FALSE(pace.is_overdrawn(0, 9, 100));
  EXPECT_TRUE(pace.is_overdrawn(0, 10, 4.1));
}

TEST(Pace, LeavesSomethingForCallsWhenTheBudgetIsOverdrawn) {
  const Pace pace(10, 0.1);
  EXPECT_GT(pace.for_calls(0, 100, 100, 0.1), 0);
  EXPECT_EQ(pace.for_calls(0, 100, 100, 0.1), pace.least_for_calls(0));
}

TEST(Order, HasEveryCaseOnceAndFollowsTheSeed) {
  std::mt19937_64 random(5);
  std::mt19937_64 again(5);
  const std::vector<std::size_t> order = shuffled(50, random);
  EXPECT_EQ(order, shuffled(50, again));
  EXPECT_NE(order, shuffled(50, again)) << "each round has an order of its own";
  std::vector<std::size_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(sorted[i], i);
}

}  // namespace
}  // namespace nsbench::bench
