// The seccomp filter by which only chosen system calls are stopped; all others run at full speed.
#pragma once

#include <span>

#include "reports/result.h"

namespace nsbench::selftest {

// From now on the caller, and all that it forks and executes, stops for its tracer at `calls` and
// at prctl(PR_SET_NAME). Without CAP_SYS_ADMIN this sets no_new_privs (seccomp(2)).
Status trap_calls(std::span<const long> calls);

}  // namespace nsbench::selftest
