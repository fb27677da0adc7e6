#include "bench/pace.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace nsbench::bench {
namespace {

TEST(Pace, GivesEveryCaseFiveBatchesHoweverSmallTheBudget) {
  for (const double seconds : {0.0, 0.001, 0.1, 0.5}) {
    EXPECT_EQ(Pace(10, seconds).rounds(), 5U) << seconds;
    EXPECT_EQ(Pace(10, seconds).warmup_rounds(), 1U) << seconds;
  }
  EXPECT_EQ(Pace(10, 2.0).rounds(), 20U);
  EXPECT_LE(Pace(10, 1e12).rounds(), 10'000U);
}

TEST(Pace, SpendsTheBudgetWhateverBelongsToABatchCosts) {
  const Pace pace(10, 1.0);
  for (const double overhead : {0.0, 0.03, 0.07}) {
    double elapsed = 0;
    for (std::size_t left = 10 * pace.rounds(); left > 0; --left) {
      elapsed += overhead + pace.for_calls(elapsed, overhead * static_cast<double>(left), left);
    }
    EXPECT_NEAR(elapsed, pace.total_seconds(), 0.01) << overhead;
  }
}

TEST(Pace, LeavesSomethingForCallsWhenTheBudgetIsOverdrawn) {
  const Pace pace(10, 0.1);
  EXPECT_GT(pace.for_calls(100, 100, 5), 0);
  EXPECT_EQ(pace.for_calls(100, 100, 5), pace.least_for_calls());
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
