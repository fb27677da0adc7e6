// The probes of the time namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {}  // namespace nsbench::probes
