// Every probe's row, defined in its subject's file and listed in probe.cpp.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// process_ids.cpp, proc_view.cpp
extern const Probe pid_one, parent_invisible, proc_view;
// hostname.cpp
extern const Probe hostname, hostname_sysctl;
// mount_view.cpp
extern const Probe mount_view, umount_view, pivot_root;
// sysv_keys.cpp, message_queues.cpp
extern const Probe sysv_shm, sysv_sem, sysv_msg, mqueue;
// id_mapping.cpp
extern const Probe uid_map, gid_map, file_owner, peer_ids_probe;
// interfaces.cpp
extern const Probe interfaces, interface_names;
// identity.cpp
extern const Probe pid_identity, uts_identity, mnt_identity, ipc_identity, user_identity,
    net_identity, cgroup_identity, time_identity;

}  // namespace nsbench::probes
