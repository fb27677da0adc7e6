#include "bench/workload.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>

namespace nsbench {
namespace {

using testing::Contains;
using testing::Not;

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
      if (kind.kind == Kind::Time) {
        EXPECT_THAT(ids, Not(Contains(made_by(Method::Clone))));
      } else {
        EXPECT_THAT(ids, Contains(made_by(Method::Clone)));
      }
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
  for (const Workload& workload : all_workloads()) {
    EXPECT_FALSE(workload.sentence.empty()) << workload.name;
    if (workload.name == "all_but_time") continue;
    const Result<NamespaceSet> named = NamespaceSet::parse(workload.name);
    ASSERT_TRUE(named) << named.error().str();
    EXPECT_EQ(*named, workload.namespaces) << workload.name;
  }
}

}  // namespace
}  // namespace nsbench
