// The family `create`, for others that ask for the same in another state.
#pragma once

#include <memory>

#include "bench/operation.h"

namespace nsbench::bench {

// Times the call that makes the case's namespaces. A curve of the parameter "mounts" is about the
// mount namespace that is copied.
std::unique_ptr<Operation> make_create(const BenchCase& bench_case, const Stopwatch& stopwatch);

}  // namespace nsbench::bench
