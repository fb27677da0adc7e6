// The probes of the ipc namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// sysv_keys.cpp
extern const Probe sysv_shm, sysv_sem, sysv_msg;
// message_queues.cpp
extern const Probe mqueue;

}  // namespace nsbench::probes
