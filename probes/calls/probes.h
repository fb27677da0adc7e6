// The probes of the calls themselves: clone, unshare, setns and pidfds, each defined in the file
// named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {}  // namespace nsbench::probes
