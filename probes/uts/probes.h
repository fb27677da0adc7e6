// The probes of the uts namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// hostname.cpp
extern const Probe hostname, hostname_sysctl;

}  // namespace nsbench::probes
