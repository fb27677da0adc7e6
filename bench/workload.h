// The benchmarks as data: what is timed, by which call, and as which case.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/recipe.h"
#include "reports/case_id.h"

namespace nsbench {

// One row: one operation on one set of namespaces. To add a benchmark of an existing family is to
// add a row in workload.cpp.
struct Workload {
  std::string_view family;  // "create", "join"
  std::string_view name;    // "net", "all", "none": unique within the family
  NamespaceSet namespaces;
  std::span<const Way> ways;
  std::string_view sentence;  // what is timed, and what is kept out of it
};

// In the order in which they are shown.
std::span<const Workload> all_workloads();

// One workload by one way with one privilege: what a Series is made of.
struct BenchCase {
  const Workload* workload = nullptr;
  Way way;
  Privilege privilege = Privilege::Root;

  // "create/net:clone3:root", "join/net:setns.pidfd:userns"
  [[nodiscard]] CaseId id() const;

  friend bool operator==(const BenchCase&, const BenchCase&) = default;
};

// Every workload by every way it has, with every privilege.
std::vector<BenchCase> all_bench_cases();

}  // namespace nsbench
