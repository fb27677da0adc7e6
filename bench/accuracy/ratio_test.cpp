#include "bench/accuracy/ratio.h"

#include <gtest/gtest.h>

namespace nsbench::accuracy {
namespace {

TEST(Ratio, IsTheMedianOfThePairsOwn) {
  const Ratio ratio = ratio_of({{110, 100}, {220, 200}, {900, 100}});
  EXPECT_DOUBLE_EQ(ratio.median, 1.1);
  EXPECT_DOUBLE_EQ(ratio.nsbench, 220);
  EXPECT_DOUBLE_EQ(ratio.reference, 100);
  EXPECT_EQ(ratio.pairs, 3U);
}

TEST(Ratio, OfFewPairsHasAllOfThemInItsInterval) {
  const Ratio ratio = ratio_of({{98, 100}, {100, 100}, {105, 100}});
  EXPECT_DOUBLE_EQ(ratio.low, 0.98);
  EXPECT_DOUBLE_EQ(ratio.high, 1.05);
}

TEST(Ratio, HasANarrowerIntervalWithMorePairs) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 100; ++i) pairs.push_back({1000.0 + i, 1000});
  const Ratio ratio = ratio_of(pairs);
  EXPECT_NEAR(ratio.low, 1.040, 1e-9);   // the 41st of 100
  EXPECT_NEAR(ratio.high, 1.060, 1e-9);  // the 61st
}

TEST(Ratio, OfNothingSaysNothing) { EXPECT_EQ(ratio_of({}).pairs, 0U); }

TEST(Judging, GoesByTheInterval) {
  EXPECT_EQ(judge({.median = 1.01, .low = 1.005, .high = 1.015}, 0.02), Answer::Within);
  EXPECT_EQ(judge({.median = 1.03, .low = 1.025, .high = 1.035}, 0.02), Answer::Beyond);
  EXPECT_EQ(judge({.median = 0.95, .low = 0.94, .high = 0.96}, 0.02), Answer::Beyond);
  EXPECT_EQ(judge({.median = 1.015, .low = 1.005, .high = 1.025}, 0.02), Answer::Unsure);
  EXPECT_EQ(judge({.median = 1.015, .low = 0.99, .high = 1.04}, 0.02), Answer::Within);
}

}  // namespace
}  // namespace nsbench::accuracy
