#include <array>

#include "probes/calls/probes.h"
#include "probes/families.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &sharing,
    &unshare_own,
    &thread_own,
    &pidfd_join,
    &pidfd_refused,
    &pidfd_exited,
    &pidfd_namespaces,
    &ptrace_access,
    &pidfd_access,
    &privilege_user,
    &privilege_pid,
    &privilege_uts,
    &privilege_ipc,
    &privilege_net,
    &privilege_cgroup,
    &privilege_time,
    &privilege_mnt,
    &join_privilege_pid,
    &join_privilege_uts,
    &join_privilege_ipc,
    &join_privilege_net,
    &join_privilege_cgroup,
    &join_privilege_time,
    &join_privilege_mnt,
    &clone_flags,
    &unshare_flags,
    &setns_errors,
    &setns_pidfd_errors,
    &clone3_args,
    &no_growth_user,
    &no_growth_pid,
    &no_growth_uts,
    &no_growth_ipc,
    &no_growth_net,
    &no_growth_cgroup,
    &no_growth_time,
    &no_growth_mnt,
};

}  // namespace

std::span<const Probe* const> calls_family() { return rows; }

}  // namespace nsbench::probes
