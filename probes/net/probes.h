// The probes of the net namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// interfaces.cpp
extern const Probe interfaces, interface_names;

}  // namespace nsbench::probes
