#include "bench/plant.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

CaseId id_of(const char* text) { return *CaseId::parse(text); }

TEST(Plant, IsAShareOrNanoseconds) {
  const Result<Plant> share = Plant::parse("^create/=3%");
  ASSERT_TRUE(share) << share.error().str();
  EXPECT_DOUBLE_EQ(share->share, 0.03);
  EXPECT_EQ(share->ns, 0);
  EXPECT_TRUE(share->is_for(id_of("create/uts:unshare:root")));
  EXPECT_FALSE(share->is_for(id_of("join/uts:setns:root")));
  const Result<Plant> ns = Plant::parse("mounts=1000:clone=12.5ns");
  ASSERT_TRUE(ns) << ns.error().str();
  EXPECT_EQ(ns->share, 0);
  EXPECT_DOUBLE_EQ(ns->ns, 12.5);
  EXPECT_TRUE(ns->is_for(id_of("create/mnt/mounts=1000:clone:root")));
}

TEST(Plant, RefusesWhatIsNone) {
  for (const char* text : {"", "=3%", "a", "a=", "a=3", "a=%", "a=3 %", "a=-3%", "a=nan%", "a=3%%",
                           "a=3us", "a=inf%", "a=2000%", "(=3%"}) {
    EXPECT_FALSE(Plant::parse(text)) << text;
  }
}

TEST(Plants, TheFirstThatFitsCounts) {
  const Plants plants{.spins = {*Plant::parse("uts=5%"), *Plant::parse("create=2%")}};
  EXPECT_DOUBLE_EQ(plants.find(id_of("create/uts:unshare:root"))->share, 0.05);
  EXPECT_DOUBLE_EQ(plants.find(id_of("create/ipc:unshare:root"))->share, 0.02);
  EXPECT_EQ(plants.find(id_of("join/ipc:setns:root")), nullptr);
}

TEST(SpinCost, IsALineThroughTwoSpins) {
  const SpinCost cost = SpinCost::from(100, 60, 1100, 560);
  EXPECT_DOUBLE_EQ(cost.ns_per_round, 0.5);
  EXPECT_DOUBLE_EQ(cost.fixed_ns, 10);
  EXPECT_EQ(cost.rounds_for(60), 100U);
  EXPECT_EQ(cost.rounds_for(1010), 2000U);
  EXPECT_DOUBLE_EQ(cost.ns_of(2000), 1010);
}

TEST(SpinCost, KnowsNothingFromNothing) {
  const SpinCost cost = SpinCost::from(100, 60, 100, 60);
  EXPECT_EQ(cost.rounds_for(0), 0U);
  EXPECT_EQ(cost.ns_of(0), 0);
  const SpinCost backwards = SpinCost::from(100, 60, 1000, 50);
  EXPECT_GT(backwards.ns_per_round, 0);
}

TEST(SpinCost, ASpinThatCostsMoreThanTwiceWhatIsWantedIsNone) {
  const SpinCost cost{.fixed_ns = 10, .ns_per_round = 0.5};
  EXPECT_EQ(cost.rounds_for(5), 0U);
  EXPECT_EQ(cost.rounds_for(6), 1U);
}

// What a spin adds, counted by the same clock: more rounds never take less at best.
TEST(PlantedStopwatch, SpinsAsOftenAsItIsTold) {
  const Stopwatch stopwatch = Stopwatch::calibrate();
  EXPECT_EQ(stopwatch.planted_rounds(), 0U);
  EXPECT_EQ(stopwatch.planted(84).planted_rounds(), 84U);
  const auto best = [](const Stopwatch& planted) {
    double least = 1e18;
    for (int i = 0; i < 200; ++i) {
      const Ticks started = planted.start();
      const Ticks stopped = planted.stop();
      least = std::min(least, planted.ns(started, stopped));
    }
    return least;
  };
  EXPECT_LT(best(stopwatch), best(stopwatch.planted(10'000)));
  EXPECT_LT(best(stopwatch.planted(10'000)), best(stopwatch.planted(100'000)));
}

TEST(PlantedStopwatch, IsTheSameClockOtherwise) {
  const Stopwatch stopwatch = Stopwatch::calibrate();
  EXPECT_EQ(stopwatch.planted(1000).cost_ns(), stopwatch.cost_ns());
  EXPECT_EQ(stopwatch.planted(1000).ns(0, 5000), stopwatch.ns(0, 5000));
}

TEST(IdleFilter, HasBetweenTwoAndTheMostInstructions) {
  for (const int wrong : {-1, 0, 1, 4097}) {
    const Status refused = install_idle_filter(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().err, EINVAL);
  }
}

// In a child, since a filter stays.
TEST(IdleFilter, LetsEveryCallThrough) {
  for (const int instructions : {2, 64, 4096}) {
    Result<Child> child = Child::fork([instructions] {
      const Status installed = install_idle_filter(instructions);
      if (!installed) return installed.error().err;
      return ::getppid() != 0 && ::access("/", F_OK) == 0 ? 0 : 255;
    });
    ASSERT_TRUE(child) << child.error().str();
    const Result<ExitStatus> ended = child->wait();
    ASSERT_TRUE(ended) << ended.error().str();
    if (ended->code == EINVAL) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(ended->signal, 0);
    EXPECT_EQ(ended->code, 0) << errno_name(ended->code);
  }
}

}  // namespace
}  // namespace nsbench::bench
