// Limits of this process that may be what refused a call.
#pragma once

#include <string>

#include "probes/sandbox/support.h"

namespace nsbench {

// The limit that explains this errno, where it is low: "RLIMIT_NOFILE is 64" (EMFILE), an address
// space (ENOMEM), a number of processes (EAGAIN). Empty: none does.
std::string low_limit_behind(int err, const Support& support);

}  // namespace nsbench
