// An operation that several processes do at once.
#pragma once

#include <cstddef>
#include <memory>

#include "bench/operation.h"

namespace nsbench::bench {

inline constexpr std::size_t most_workers = 16;
inline constexpr std::size_t most_calls_in_a_row = 256;

// `operation` by `workers` processes, one of which is the batch's own: all begin at once, and make
// `in_a_row` calls each, then once more as soon as the last is done. Each times its own calls, and
// all of those times count. Worker k is tied to the k-th of the CPUs that the process may run on,
// counted in turn, the first to the batch's own.
std::unique_ptr<Operation> in_a_crowd(std::unique_ptr<Operation> operation, std::size_t workers,
                                      std::size_t in_a_row);

}  // namespace nsbench::bench
