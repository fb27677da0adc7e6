// How long a run may take before it is given up.
#pragma once

#include <chrono>

#include "suites/plan.h"

namespace nsbench {

struct RunLimits {
  std::chrono::seconds checks{0};
  std::chrono::seconds benchmarks{0};
};

// Many times what the plan takes anywhere: two minutes and half a second for each run of a check
// and of its control, where a busy machine takes some milliseconds and an emulator a tenth of a
// second; five minutes and three times what is planned for benchmarks. `patience`: how many times
// longer it may take on this machine (slow_machine.h).
RunLimits limits_of(const Plan& plan, int patience);

}  // namespace nsbench
