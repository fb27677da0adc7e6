#include "suites/limits.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(Limits, GrowWithThePlanAndTheMachinesSlowness) {
  Plan plan;
  const RunLimits none = limits_of(plan, 1);
  EXPECT_EQ(none.checks.count(), 120);
  EXPECT_EQ(none.benchmarks.count(), 300);
  plan.checks.resize(1001);
  plan.seconds = {10, 20.1};
  const RunLimits some = limits_of(plan, 1);
  EXPECT_EQ(some.checks.count(), 621);
  EXPECT_EQ(some.benchmarks.count(), 391);
  EXPECT_EQ(limits_of(plan, 4).checks.count(), 2482);
}

}  // namespace
}  // namespace nsbench
