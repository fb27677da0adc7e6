// The probes of the calls themselves: clone, unshare, setns and pidfds, each defined in the file
// named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// sharing.cpp
extern const Probe sharing, unshare_own, thread_own;
// pidfd.cpp
extern const Probe pidfd_join, pidfd_refused, pidfd_exited;
// pidfd_namespaces.cpp
extern const Probe pidfd_namespaces, ptrace_access, pidfd_access;
// privilege.cpp
extern const Probe privilege_user, privilege_pid, privilege_uts, privilege_ipc, privilege_net,
    privilege_cgroup, privilege_time, privilege_mnt;
extern const Probe join_privilege_pid, join_privilege_uts, join_privilege_ipc, join_privilege_net,
    join_privilege_cgroup, join_privilege_time, join_privilege_mnt;
// arguments.cpp
extern const Probe clone_flags, unshare_flags, setns_errors, setns_pidfd_errors, clone3_args;
// growth.cpp
extern const Probe no_growth_user, no_growth_pid, no_growth_uts, no_growth_ipc, no_growth_net,
    no_growth_cgroup, no_growth_time, no_growth_mnt;

}  // namespace nsbench::probes
