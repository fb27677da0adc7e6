// The probes of the pid namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// process_ids.cpp
extern const Probe pid_one, parent_invisible;
// proc_view.cpp
extern const Probe proc_view;

}  // namespace nsbench::probes
