#include "bench/requirements.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <string>

namespace nsbench::bench {
namespace {

using testing::HasSubstr;

BenchCase case_of(const std::string& id) {
  for (const BenchCase& bench_case : all_bench_cases()) {
    if (bench_case.id().str() == id) return bench_case;
  }
  ADD_FAILURE() << "no case " << id;
  return {};
}

void expect_skip(const std::string& id, const Room& room, const std::string& text) {
  const std::optional<Skip> skip = too_big(case_of(id), room);
  ASSERT_TRUE(skip) << id;
  EXPECT_EQ(skip->reason, SkipReason::Limit);
  EXPECT_THAT(skip->text, HasSubstr(text));
}

TEST(Requirements, WhatFitsIsNotSkipped) {
  for (const BenchCase& bench_case : all_bench_cases()) {
    EXPECT_FALSE(too_big(bench_case, Room{})) << bench_case.id().str();
  }
}

TEST(Requirements, TheLimitThatIsInTheWayIsNamed) {
  expect_skip("create/net/live=4000:unshare:root", {.memory = 512UL << 20U}, "MemAvailable");
  expect_skip("create/net/live=100:unshare:root", {.namespaces = 64},
              "user.max_net_namespaces is 64");
  expect_skip("create/uts/live=1000:unshare:root", {.descriptors = 1024}, "RLIMIT_NOFILE");
  expect_skip("create/pid/live=4000:clone3:root", {.processes = 4000}, "processes");
  expect_skip("create/mnt/mounts=5000:unshare:root", {.mounts = 1000}, "fs.mount-max is 1000");
  expect_skip("create/none/resident_mb=1024:clone:root", {.memory = 1UL << 30U}, "MemAvailable");
}

TEST(Requirements, ASmallerValueOfTheSameCurveStillFits) {
  const Room room{.memory = 512UL << 20U};
  EXPECT_FALSE(too_big(case_of("create/net/live=1000:unshare:root"), room));
  EXPECT_FALSE(too_big(case_of("create/none/resident_mb=256:clone:root"), room));
  EXPECT_FALSE(too_big(case_of("create/net/live=0:unshare:root"), {.namespaces = 1}));
}

TEST(Requirements, NestingTooDeepIsALimitAndNothingElseIs) {
  const BenchCase deep = case_of("create/user/depth=30:clone3:root");
  EXPECT_TRUE(met_a_limit(deep, {"unshare(CLONE_NEWUSER)", ENOSPC}));
  EXPECT_TRUE(met_a_limit(deep, {"unshare(CLONE_NEWUSER)", EUSERS}));
  EXPECT_FALSE(met_a_limit(deep, {"unshare(CLONE_NEWUSER)", EPERM}));
  EXPECT_FALSE(met_a_limit(case_of("create/user/depth=0:clone3:root"), {"clone3", ENOSPC}));
  EXPECT_FALSE(met_a_limit(case_of("create/user:clone3:root"), {"clone3", ENOSPC}));
}

}  // namespace
}  // namespace nsbench::bench
