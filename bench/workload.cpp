#include "bench/workload.h"

#include <array>

namespace nsbench {
namespace {

constexpr Way clone_way{Method::Clone, ""};
constexpr Way clone3_way{Method::Clone3, ""};
constexpr Way unshare_way{Method::Unshare, ""};
constexpr std::array create_ways{clone_way, clone3_way, unshare_way};
// Classic clone can't carry CLONE_NEWTIME: that bit belongs to its exit signal (clone(2)).
constexpr std::array create_time_ways{clone3_way, unshare_way};
constexpr std::array clone_only{clone_way};
constexpr std::array join_ways{Way{Method::Setns, ""}, Way{Method::Setns, "pidfd"}};

constexpr NamespaceSet all_but_time = NamespaceSet::all() - NamespaceSet{Kind::Time};

constexpr Workload create(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                          std::string_view sentence) {
  return {"create", name, set, ways, sentence};
}

constexpr Workload join(std::string_view name, NamespaceSet set, std::string_view sentence) {
  return {"join", name, set, join_ways, sentence};
}

constexpr std::string_view create_one =
    "the one call that makes the namespace; not its teardown, nor the end of a cloned child";
constexpr std::string_view create_in_child =
    "the one call that makes the namespace, made in a fresh process each time; not that process's "
    "start or end";
constexpr std::string_view create_many =
    "the one call that makes all of these namespaces; not their teardown";
constexpr std::string_view join_one =
    "setns into a namespace that a waiting process holds open; not the way back";
constexpr std::string_view join_in_child =
    "setns into a namespace that a waiting process holds open, made in a fresh process each time, "
    "since there is no way back";
constexpr std::string_view join_many =
    "setns into all namespaces of a waiting process, in a fresh process each time: eight calls by "
    "descriptors, their times added up, or one by a pidfd";

constexpr std::array workloads{
    create("none", {}, create_ways, "the same call without any CLONE_NEW* flag: the baseline"),
    create("user", {Kind::User}, create_ways, create_in_child),
    create("pid", {Kind::Pid}, create_ways, create_one),
    create("uts", {Kind::Uts}, create_ways, create_one),
    create("ipc", {Kind::Ipc}, create_ways, create_one),
    create("net", {Kind::Net}, create_ways, create_one),
    create("cgroup", {Kind::Cgroup}, create_ways, create_one),
    create("time", {Kind::Time}, create_time_ways, create_one),
    create("mnt", {Kind::Mnt}, create_ways, create_one),
    create("all", NamespaceSet::all(), create_time_ways, create_many),
    create("all_but_time", all_but_time, clone_only, create_many),
    join("none", {}, "setns into the uts namespace that the process is in already: the baseline"),
    join("user", {Kind::User}, join_in_child),
    join("pid", {Kind::Pid}, join_one),
    join("uts", {Kind::Uts}, join_one),
    join("ipc", {Kind::Ipc}, join_one),
    join("net", {Kind::Net}, join_one),
    join("cgroup", {Kind::Cgroup}, join_one),
    join("time", {Kind::Time}, join_one),
    join("mnt", {Kind::Mnt}, join_one),
    join("all", NamespaceSet::all(), join_many),
};

constexpr bool names_are_unique() {
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (workloads[i].family == workloads[j].family && workloads[i].name == workloads[j].name) {
        return false;
      }
    }
  }
  return true;
}
static_assert(names_are_unique());

constexpr bool clone_never_makes_time() {
  for (const Workload& workload : workloads) {
    if (!workload.namespaces.has(Kind::Time)) continue;
    for (const Way& way : workload.ways) {
      if (way.method == Method::Clone) return false;
    }
  }
  return true;
}
static_assert(clone_never_makes_time());

}  // namespace

std::span<const Workload> all_workloads() { return workloads; }

CaseId BenchCase::id() const {
  CaseId id;
  id.family = workload->family;
  id.name = workload->name;
  id.method = way.method;
  id.variant = way.variant;
  id.privilege = privilege;
  return id;
}

std::vector<BenchCase> all_bench_cases() {
  std::vector<BenchCase> cases;
  for (const Workload& workload : workloads) {
    for (const Way& way : workload.ways) {
      for (const Privilege privilege : all_privileges) {
        cases.push_back({.workload = &workload, .way = way, .privilege = privilege});
      }
    }
  }
  return cases;
}

}  // namespace nsbench
