// The probes of the cgroup namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// self_root.cpp
extern const Probe self_root, self_root_v1;
// delegation.cpp
extern const Probe delegation, opener_rights, opener_rights_v1, release_agent_probe;

}  // namespace nsbench::probes
