// The Go benchmark format (golang.org/design/14313-benchmark-format), which benchstat compares.
#pragma once

#include <span>
#include <string>

#include "reports/report.h"

namespace nsbench {

// One line for each batch of each benchmark that is a result: its p25, so that repetitions are
// batches. Names are `BenchmarkCreate/name=net/mounts=10/method=clone3.vfork/privilege=root`, units
// "ns/op" and "B/op". benchstat compares only what has the same configuration: so configuration
// lines tell what times can't be compared across (the machine, the clock, the workloads), and, in a
// file of several reports, the kernel; all else is in comments.
std::string to_benchfmt(std::span<const Report> reports);

}  // namespace nsbench
