// The kernel and machine a run stands on, looked up without changing anything.
#pragma once

#include "probes/sandbox/support.h"
#include "reports/report.h"

namespace nsbench {

KernelInfo look_at_kernel();
Environment look_at_environment(const Support& support);

}  // namespace nsbench
