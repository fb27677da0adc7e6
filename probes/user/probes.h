// The probes of the user namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// id_mapping.cpp
extern const Probe uid_map, gid_map, file_owner, peer_ids_probe;
// map_view.cpp
extern const Probe map_view, many_extents;
// map_rules.cpp
extern const Probe map_rules, gid_map_rules, projid_map_rules, map_opener, map_opener_parent,
    map_root, map_place;
// overflow.cpp
extern const Probe unmapped_ids, unmapped_targets, foreign_files, sgid_unmapped;
// foreign.cpp
extern const Probe foreign_processes, real_ids;
// setgroups.cpp
extern const Probe setgroups_denied, setgroups_allowed;
// caps_inside.cpp
extern const Probe caps_inside, host_calls;
// caps_sets.cpp
extern const Probe caps_reset, caps_owner;
// exec_caps.cpp
extern const Probe exec_caps, setuid_caps, file_caps;
// owner.cpp
extern const Probe owner, owner_time, owner_uid;
// refused.cpp
extern const Probe newuser_with_fs, newuser_in_chroot, newuser_with_threads, join_relatives,
    nesting_depth;
// ucounts.cpp
extern const Probe limit_user, limit_pid, limit_uts, limit_ipc, limit_net, limit_cgroup, limit_time,
    limit_mnt;
// overlay.cpp
extern const Probe overlay_userns;
// keyrings.cpp
extern const Probe keyrings;
// rlimits.cpp
extern const Probe rlimit_nproc, rlimit_sigpending, rlimit_msgqueue, rlimit_memlock;
// answers.cpp
extern const Probe ids_in_answers;

}  // namespace nsbench::probes
