#include "bench/workload.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>

namespace nsbench {
namespace {

using testing::Contains;
using testing::Gt;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::set<std::string> all_ids() {
  std::set<std::string> ids;
  for (const BenchCase& bench_case : all_bench_cases()) ids.insert(bench_case.id().str());
  return ids;
}

TEST(Workloads, IdsAreUniqueAndParse) {
  EXPECT_EQ(all_ids().size(), all_bench_cases().size());
  for (const BenchCase& bench_case : all_bench_cases()) {
    const Result<CaseId> parsed = CaseId::parse(bench_case.id().str());
    ASSERT_TRUE(parsed) << parsed.error().str();
    EXPECT_EQ(*parsed, bench_case.id());
  }
}

TEST(Workloads, EveryKindIsMadeByEveryCallThatCanMakeIt) {
  const std::set<std::string> ids = all_ids();
  for (const KindRow& kind : all_kinds) {
    for (const Privilege privilege : all_privileges) {
      const auto made_by = [&](Method method) {
        return "create/" + std::string(kind.name) + ":" + std::string(id(method)) + ":" +
               std::string(id(privilege));
      };
      EXPECT_THAT(ids, Contains(made_by(Method::Clone3)));
      EXPECT_THAT(ids, Contains(made_by(Method::Unshare)));
      const std::string vfork =
          "create/" + std::string(kind.name) + ":clone3.vfork:" + std::string(id(privilege));
      EXPECT_EQ(ids.contains(made_by(Method::Clone)), kind.kind != Kind::Time);
      EXPECT_EQ(ids.contains(vfork), kind.kind != Kind::Time);
    }
  }
}

TEST(Workloads, EveryKindIsJoinedByDescriptorAndByPidfd) {
  const std::set<std::string> ids = all_ids();
  for (const KindRow& kind : all_kinds) {
    const std::string subject = "join/" + std::string(kind.name);
    EXPECT_THAT(ids, Contains(subject + ":setns:root"));
    EXPECT_THAT(ids, Contains(subject + ":setns.pidfd:root"));
    EXPECT_THAT(ids, Contains(subject + ":setns:userns"));
    EXPECT_THAT(ids, Contains(subject + ":setns.pidfd:userns"));
  }
}

TEST(Workloads, AllTogetherAndTheBaselineExistForEveryCall) {
  const std::set<std::string> ids = all_ids();
  for (const char* id :
       {"create/none:clone:root", "create/none:clone3:root", "create/none:unshare:root",
        "create/all:clone3:root", "create/all:unshare:root", "create/all_but_time:clone:root",
        "join/none:setns:root", "join/none:setns.pidfd:root", "join/all:setns:root",
        "join/all:setns.pidfd:root"}) {
    EXPECT_THAT(ids, Contains(id));
  }
  EXPECT_THAT(ids, Not(Contains("create/all:clone:root")));
}

TEST(Workloads, NamesSayWhichNamespacesAreMeant) {
  for (const Workload* workload : all_workloads()) {
    SCOPED_TRACE(subject(*workload));
    const Result<NamespaceSet> named = NamespaceSet::parse(workload->name);
    const bool names_a_kind = workload->family != "links" && workload->family != "network" &&
                              workload->namespaces.size() == 1;
    EXPECT_TRUE(named.ok() || !names_a_kind);
    EXPECT_TRUE(!named || *named == workload->namespaces);
  }
}

TEST(Workloads, RowsAreComplete) {
  std::set<std::string> subjects;
  for (const Workload* workload : all_workloads()) {
    SCOPED_TRACE(subject(*workload));
    EXPECT_TRUE(subjects.insert(subject(*workload)).second);
    EXPECT_NE(workload->make, nullptr);
    EXPECT_FALSE(workload->ways.empty());
    EXPECT_THAT(std::string(workload->sentence), SizeIs(Gt(20U)));
    EXPECT_THAT(std::string(workload->dominated_by), HasSubstr("("));  // names a function
    EXPECT_THAT(by_hand(*workload), Not(HasSubstr("{options}")));
    EXPECT_THAT(by_hand(*workload), SizeIs(Gt(10U)));
    EXPECT_FALSE(workload->source.empty());
    EXPECT_EQ(workload->curve.values.empty(), workload->curve.parameter.empty());
    EXPECT_TRUE(std::is_sorted(workload->curve.values.begin(), workload->curve.values.end()));
    EXPECT_TRUE(workload->unit == "ns" || workload->unit == "bytes");
  }
}

TEST(Workloads, ClassicCloneNeverMakesTime) {
  for (const BenchCase& bench_case : all_bench_cases()) {
    const Recipe recipe{.namespaces = bench_case.workload->namespaces,
                        .method = bench_case.way.method,
                        .variant = "",
                        .privilege = bench_case.privilege};
    EXPECT_TRUE(recipe.exists()) << bench_case.id().str();
  }
}

TEST(Workloads, SixOperationsAreTheCore) {
  std::set<std::string> core;
  for (const BenchCase& bench_case : all_bench_cases()) {
    if (bench_case.privilege == Privilege::Root && bench_case.tier() == Tier::Core) {
      core.insert(bench_case.id().str());
    }
  }
  EXPECT_THAT(core, UnorderedElementsAre("create/uts:unshare:root", "create/cgroup:unshare:root",
                                         "create/pid:clone3:root", "create/mnt:unshare:root",
                                         "create/net:unshare:root", "join/net:setns:root"));
}

TEST(Workloads, EveryKindHasEveryCost) {
  const std::set<std::string> ids = all_ids();
  for (const char* family : {"create", "join", "open", "drop"}) {
    std::set<std::string> names;
    for (const Workload* workload : all_workloads()) {
      if (workload->family == family) names.insert(std::string(workload->name));
    }
    EXPECT_THAT(names, Contains("none")) << family;
    for (const KindRow& kind : all_kinds) {
      EXPECT_THAT(names, Contains(std::string(kind.name))) << family;
    }
  }
}

TEST(Workloads, ACurveHasACaseForEachValue) {
  const std::set<std::string> ids = all_ids();
  for (const char* id :
       {"create/mnt/mounts=0:unshare:root", "create/mnt/mounts=5000:unshare:userns",
        "create/net/live=4000:unshare:root", "create/user/depth=30:clone3:root",
        "create/none/resident_mb=1024:clone3.vfork:root"}) {
    EXPECT_THAT(ids, Contains(id));
  }
}

}  // namespace
}  // namespace nsbench
