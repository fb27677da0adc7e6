// Where the benchmarks of one privilege run, and which of them can.
#pragma once

#include <optional>
#include <span>

#include "bench/workload.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/support.h"

namespace nsbench::bench {

// The arena for the benchmarks `cases`, all of this privilege. The way back out of a namespace
// needs rights over the one outside, so that one is the arena's own: even root does not own the
// outside where it is root of a user namespace only.
ArenaSpec arena_for(Privilege privilege, std::span<const BenchCase> cases);

// What stands in the way of the case before anything is tried.
std::optional<Skip> missing(const BenchCase& bench_case, const Support& support);

}  // namespace nsbench::bench
