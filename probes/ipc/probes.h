// The probes of the ipc namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// sysv_keys.cpp
extern const Probe sysv_shm, sysv_sem, sysv_msg;
// message_queues.cpp
extern const Probe mqueue;
// proc_sysvipc.cpp
extern const Probe proc_sysvipc, sysv_counts;
// sysctls.cpp
extern const Probe ipc_sysctls, mqueue_sysctls, next_ids, ipc_sysctl_owner;
// limits.cpp
extern const Probe sysv_limits, mqueue_limits;
// lifetime.cpp
extern const Probe ipc_lifetime, shm_lifetime, mqueue_lifetime;
// undo.cpp
extern const Probe sem_undo, sysvsem_flags;
// ipc_owner.cpp
extern const Probe ipc_owner;
// attached.cpp
extern const Probe attached_segment;

}  // namespace nsbench::probes
