// The probes of nsfs: the files of namespaces, and what their ioctls answer, each defined in the
// file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// identity.cpp: one for each kind, listed in its family
extern const Probe pid_identity, uts_identity, mnt_identity, ipc_identity, user_identity,
    net_identity, cgroup_identity, time_identity;

}  // namespace nsbench::probes
