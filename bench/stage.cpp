#include "bench/stage.h"

#include "bench/requirements.h"

namespace nsbench::bench {

ArenaSpec arena_for(Privilege privilege, std::span<const BenchCase> cases) {
  NamespaceSet kinds{Kind::Uts};  // which the baseline of `join` is about
  for (const BenchCase& bench_case : cases) kinds = kinds | bench_case.workload->namespaces;
  return {.kinds = kinds - NamespaceSet{Kind::User}, .privilege = privilege, .user_inside = false};
}

std::optional<Skip> missing(const BenchCase& bench_case, const Support& support) {
  // Older kernels answer EINVAL, which says nothing (setns(2), "History").
  if (bench_case.way.variant == "pidfd" && support.release < KernelRelease{5, 8}) {
    return Skip{SkipReason::KernelTooOld, "setns takes a pidfd since Linux 5.8"};
  }
  if (auto skip = support.missing(bench_case.workload->namespaces, bench_case.privilege)) {
    return skip;
  }
  return missing_here(bench_case);
}

}  // namespace nsbench::bench
