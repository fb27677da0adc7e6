// Background load, of the kinds that disturb a measurement on a shared machine.
#pragma once

#include "probes/sandbox/child.h"
#include "reports/result.h"

namespace nsbench::power {

// `sets` of three processes in a pid namespace of their own: one computes in bursts of random
// length, one forks all the time, one copies memory. They run until the answer is destroyed or its
// owner dies, whatever the way. Needs CAP_SYS_ADMIN.
Result<Child> start_load(int sets);

}  // namespace nsbench::power
