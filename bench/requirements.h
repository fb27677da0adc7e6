// What a benchmark needs that not every machine has: room for many namespaces, memory, kinds of
// links.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/workload.h"
#include "probes/sandbox/support.h"
#include "reports/result.h"

namespace nsbench::bench {

// What limits a machine sets. A value that can't be read is no limit.
struct Room {
  static constexpr std::uint64_t unlimited = UINT64_MAX;
  std::uint64_t memory = unlimited;       // bytes that can be had without swapping
  std::uint64_t descriptors = unlimited;  // RLIMIT_NOFILE's hard limit
  std::uint64_t processes = unlimited;    // RLIMIT_NPROC, kernel.pid_max
  std::uint64_t mounts = unlimited;       // fs.mount-max: in one mount namespace
  std::uint64_t namespaces = unlimited;   // the least user.max_*_namespaces of those that are made

  static Room look(NamespaceSet set);
};

// Why the case does not fit, or nothing.
std::optional<Skip> too_big(const BenchCase& bench_case, const Room& room);
// The same for this machine, and for links that it can't make without loading a module.
std::optional<Skip> missing_here(const BenchCase& bench_case);

// Whether what the preparation of the case met is a limit of the kernel's own that no sysctl shows:
// how deep namespaces may nest.
std::optional<Skip> met_a_limit(const BenchCase& bench_case, const Error& refusal);

}  // namespace nsbench::bench
