// The probes of nsfs: the files of namespaces, and what their ioctls answer, each defined in the
// file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// identity.cpp: one for each kind, listed in its family
extern const Probe pid_identity, uts_identity, mnt_identity, ipc_identity, user_identity,
    net_identity, cgroup_identity, time_identity;
// links.cpp
extern const Probe ns_links;
// for_children.cpp
extern const Probe pid_for_children, time_for_children;
// nstype.cpp
extern const Probe nstype, setns_type;
// relatives.cpp
extern const Probe parent_user, parent_pid, owner_reach, relatives_none;
// translation.cpp
extern const Probe pid_translation;
// keepalive.cpp
extern const Probe keepalive_fd, keepalive_bind, keepalive_child;
// ids.cpp
extern const Probe ns_id, ns_id_fresh, mntns_id, ns_list;
// handles.cpp
extern const Probe handles, handles_host, handle_stale;

}  // namespace nsbench::probes
