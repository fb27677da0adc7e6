// The probes of the time namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// clocks.cpp
extern const Probe clocks, alarm_clock;
// sleepers.cpp
extern const Probe sleepers, futex_waitv;
// proc_files.cpp
extern const Probe proc, boot_time;
// offset_rules.cpp
extern const Probe frozen, offset_values, offset_privilege;
// children.cpp
extern const Probe children, time_threads;
// exec.cpp
extern const Probe exec;

}  // namespace nsbench::probes
