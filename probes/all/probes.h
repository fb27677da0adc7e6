// The probes of all eight namespaces at once, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {}  // namespace nsbench::probes
