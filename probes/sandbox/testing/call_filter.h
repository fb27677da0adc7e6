// For tests: makes the kernel refuse one of the calls under test, as a seccomp filter does.
#pragma once

#include <cstdint>

#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench::testing {

// From now on, in the caller and its children, the method's call fails with `err`.
Status refuse(Method method, int err);
// From now on, it is the end of the process that makes it (SIGSYS).
Status forbid(Method method);

}  // namespace nsbench::testing
