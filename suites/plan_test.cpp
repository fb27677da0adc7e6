#include "suites/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> ids(const std::vector<CheckCase>& cases) {
  std::vector<std::string> found;
  for (const CheckCase& c : cases) found.push_back(c.id().str());
  return found;
}

TEST(AllCheckCases, HaveUniqueIdsThatParse) {
  std::set<std::string> seen;
  for (const CheckCase& c : all_check_cases()) {
    const std::string text = c.id().str();
    EXPECT_TRUE(seen.insert(text).second) << text;
    const Result<CaseId> parsed = CaseId::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().str();
    EXPECT_EQ(*parsed, c.id());
  }
}

TEST(AllCheckCases, EveryCaseHasItsControl) {
  const std::vector<CheckCase> all = all_check_cases();
  const std::vector<std::string> names = ids(all);
  const std::set<std::string> known(names.begin(), names.end());
  for (const CheckCase& c : all) {
    EXPECT_EQ(known.contains(c.id().with_control(!c.control).str()),
              c.probe->control == ControlKind::Leaks)
        << c.id().str();
  }
}

TEST(AllCheckCases, LeaveOutWhatNoKernelCanDo) {
  for (const CheckCase& c : all_check_cases()) {
    const bool time_by_clone = c.probe->namespaces.has(Kind::Time) && c.way.method == Method::Clone;
    EXPECT_FALSE(time_by_clone) << c.id().str();
  }
}

TEST(AllCheckCases, EveryKindIsEnteredByEveryWayItHas) {
  for (const KindRow& kind : all_kinds) {
    for (const Way& way : all_ways) {
      if (kind.kind == Kind::Time && way.method == Method::Clone) continue;
      const std::vector<CheckCase> all = all_check_cases();
      EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const CheckCase& c) {
        return c.probe->namespaces.has(kind.kind) && c.way == way;
      })) << kind.name;
    }
  }
}

TEST(MakePlan, AFilterTakesTheControlAlong) {
  Selection selection;
  selection.filter = "^uts/hostname:clone:root$";
  const Result<Plan> plan = make_plan(selection);
  ASSERT_TRUE(plan);
  EXPECT_THAT(ids(plan->checks), ::testing::UnorderedElementsAre(
                                     "uts/hostname:clone:root", "uts/hostname:clone:root:control"));
  EXPECT_TRUE(plan->benchmarks.empty());
}

TEST(MakePlan, ABadFilterIsNamed) {
  Selection selection;
  selection.filter = "net/(";
  const Result<Plan> plan = make_plan(selection);
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().str(), HasSubstr("\"net/(\""));
}

TEST(MakePlan, TheSeedDecidesTheOrderAndNothingElse) {
  Selection selection;
  std::vector<std::string> first = ids(make_plan(selection)->checks);
  EXPECT_EQ(first, ids(make_plan(selection)->checks));
  selection.seed = 2;
  std::vector<std::string> other = ids(make_plan(selection)->checks);
  EXPECT_NE(first, other);
  std::sort(first.begin(), first.end());
  std::sort(other.begin(), other.end());
  EXPECT_EQ(first, other);
}

TEST(MakePlan, RepeatsChecksAndProlongsBenchmarks) {
  Selection selection;
  const Plan once = *make_plan(selection);
  selection.repeat = 3;
  const Plan thrice = *make_plan(selection);
  EXPECT_EQ(thrice.checks.size(), 3 * once.checks.size());
  EXPECT_EQ(thrice.benchmarks.size(), once.benchmarks.size());
  EXPECT_NEAR(thrice.benchmark_seconds(), 3 * once.benchmark_seconds(), 1e-9);
}

TEST(MakePlan, BenchmarksRunWithTheBestPrivilegeUnlessTheSuiteWantsAll) {
  Selection selection;
  const auto privileges = [&selection] {
    std::set<Privilege> found;
    const Plan plan = *make_plan(selection);
    for (const BenchCase& c : plan.benchmarks) found.insert(c.privilege);
    return found;
  };
  EXPECT_EQ(privileges(), std::set{Privilege::Root});
  selection.sys_admin = false;
  EXPECT_EQ(privileges(), std::set{Privilege::Userns});
  selection.suite = find_suite("full");
  EXPECT_EQ(privileges(), (std::set{Privilege::Root, Privilege::Userns}));
}

TEST(MakePlan, EverySuiteHasItsTiers) {
  const auto last_tier = [](const char* suite) {
    Selection selection;
    selection.suite = find_suite(suite);
    Tier last = Tier::Core;
    const Plan plan = *make_plan(selection);
    for (const BenchCase& c : plan.benchmarks) last = std::max(last, c.tier());
    return last;
  };
  EXPECT_EQ(last_tier("quick"), Tier::Core);
  EXPECT_EQ(last_tier("gate"), Tier::Standard);
  EXPECT_EQ(last_tier("full"), Tier::Curve);
}

TEST(MakePlan, TheGateGivesTheCoreTenSecondsAndAllOthersTheirBatches) {
  Selection selection;
  selection.suite = find_suite("gate");
  const Plan plan = *make_plan(selection);
  EXPECT_NEAR(plan.benchmark_seconds(), 126, 0.01);
  EXPECT_EQ(plan.left_out, 0U);
  ASSERT_EQ(plan.seconds.size(), plan.benchmarks.size());
  for (std::size_t i = 0; i < plan.seconds.size(); ++i) {
    if (plan.benchmarks[i].tier() == Tier::Core) {
      EXPECT_DOUBLE_EQ(plan.seconds[i], 10);
    } else {
      EXPECT_GE(plan.seconds[i], 0.5);
    }
  }
}

TEST(MakePlan, ABudgetTakesTheCoreFirstAndCountsWhatItLeavesOut) {
  Selection selection;
  selection.suite = find_suite("gate");
  const std::size_t all = make_plan(selection)->benchmarks.size();
  selection.budget = 5;
  const Plan plan = *make_plan(selection);
  EXPECT_EQ(plan.benchmarks.size(), 10U);
  EXPECT_EQ(plan.left_out, all - 10);
  EXPECT_NEAR(plan.benchmark_seconds(), 5, 1e-6);
  EXPECT_EQ(std::count_if(plan.benchmarks.begin(), plan.benchmarks.end(),
                          [](const BenchCase& c) { return c.tier() == Tier::Core; }),
            6);
}

TEST(MakePlan, WhatAFilterLeavesIsNotCutByTheSuitesOwnBudget) {
  Selection selection;
  selection.filter = "^create/mnt/mounts=";
  const Plan plan = *make_plan(selection);
  EXPECT_EQ(plan.benchmarks.size(), 10U);
  EXPECT_EQ(plan.left_out, 0U);
}

std::set<std::string> subjects(const Plan& plan) {
  std::set<std::string> found;
  for (const CheckCase& c : plan.checks) found.insert(c.id().subject());
  for (const BenchCase& c : plan.benchmarks) found.insert(c.id().subject());
  return found;
}

TEST(MakePlan, ASuiteMayBeOfSomeFamiliesAndPartsOfThem) {
  Selection selection;
  selection.suite = find_suite("container");
  const Plan plan = *make_plan(selection);
  std::set<std::string> checked;
  for (const CheckCase& c : plan.checks) checked.insert(c.id().subject());
  EXPECT_EQ(checked, (std::set<std::string>{"net/bridge", "net/container", "net/veth"}));
  std::set<std::string> families;
  for (const BenchCase& c : plan.benchmarks) {
    families.insert(c.workload->family == "container" ? c.id().subject()
                                                      : std::string(c.workload->family));
    EXPECT_LE(c.tier(), Tier::Standard);
  }
  EXPECT_EQ(families,
            (std::set<std::string>{"container/all", "container/usual", "links", "network"}));
  EXPECT_EQ(plan.left_out, 0U);
  EXPECT_LE(plan.benchmark_seconds(), 30);
}

TEST(MakePlan, AFilterChoosesFromTheSuiteAsLongAsItFindsSomethingThere) {
  Selection selection;
  selection.suite = find_suite("container");
  selection.filter = "^(net/(veth|tcp_ports)|links/veth_up|create/uts):";
  EXPECT_EQ(subjects(*make_plan(selection)), (std::set<std::string>{"links/veth_up", "net/veth"}));
  selection.filter = "^(uts/hostname|create/uts):";
  EXPECT_EQ(subjects(*make_plan(selection)), (std::set<std::string>{"create/uts", "uts/hostname"}));
}

// A name that is no more would leave a suite without what it promises.
TEST(Suites, ListWhatThereIs) {
  std::size_t listed = 0;
  for (const Suite& suite : all_suites) {
    for (const std::string_view one : suite.checks) {
      const auto probes = all_probes();
      EXPECT_TRUE(std::any_of(probes.begin(), probes.end(), [one](const Probe* probe) {
        return is_listed({&one, 1}, probe->family, probe->name);
      })) << one;
      ++listed;
    }
    for (const std::string_view one : suite.benchmarks) {
      const auto workloads = all_workloads();
      EXPECT_TRUE(std::any_of(workloads.begin(), workloads.end(), [one](const Workload* workload) {
        return is_listed({&one, 1}, workload->family, workload->name);
      })) << one;
      ++listed;
    }
  }
  EXPECT_GT(listed, 0U);
}

TEST(Suites, AListNamesFamiliesAndPartsExactly) {
  constexpr std::array<std::string_view, 2> list{"links", "net/veth"};
  EXPECT_TRUE(is_listed(list, "links", "veth_up"));
  EXPECT_TRUE(is_listed(list, "net", "veth"));
  EXPECT_FALSE(is_listed(list, "net", "veth_two"));
  EXPECT_FALSE(is_listed(list, "net", "bridge"));
  EXPECT_FALSE(is_listed(list, "ne", "t/veth"));
  EXPECT_FALSE(is_listed(list, "link", "s"));
  EXPECT_TRUE(is_listed({}, "uts", "hostname"));
}

TEST(DealOut, GivesTheCoreItsShareAndTheRestToAllOthersAlike) {
  const std::vector<Tier> tiers{Tier::Standard, Tier::Core, Tier::Curve};
  EXPECT_THAT(deal_out(0.6, tiers, 10),
              ::testing::ElementsAre(0.0, ::testing::DoubleNear(0.6, 1e-9), 0.0));
  EXPECT_THAT(deal_out(12, tiers, 10), ::testing::ElementsAre(1.0, 10.0, 1.0));
  EXPECT_THAT(deal_out(60, tiers, 10), ::testing::ElementsAre(20.0, 20.0, 20.0));
  EXPECT_THAT(deal_out(0.4, tiers, 10), ::testing::ElementsAre(0.0, 0.0, 0.0));
}

TEST(MakePlan, AFilterCanAskForTheOtherPrivilege) {
  Selection selection;
  selection.filter = "^create/uts:unshare:userns$";
  EXPECT_EQ(make_plan(selection)->benchmarks.size(), 1U);
}

TEST(MakePlan, LeavesOutWhatWasNotAskedFor) {
  Selection selection;
  selection.checks = false;
  EXPECT_TRUE(make_plan(selection)->checks.empty());
  EXPECT_FALSE(make_plan(selection)->benchmarks.empty());
}

}  // namespace
}  // namespace nsbench
