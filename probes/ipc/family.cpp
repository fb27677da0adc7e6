#include <array>

#include "probes/families.h"
#include "probes/ipc/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &ipc_identity,     &sysv_shm,    &sysv_sem,      &sysv_msg,       &mqueue,
    &proc_sysvipc,     &sysv_counts, &ipc_sysctls,   &mqueue_sysctls, &next_ids,
    &ipc_sysctl_owner, &sysv_limits, &mqueue_limits, &ipc_lifetime,   &shm_lifetime,
    &mqueue_lifetime,  &sem_undo,    &sysvsem_flags, &ipc_owner,      &attached_segment,
};

}  // namespace

std::span<const Probe* const> ipc_family() { return rows; }

}  // namespace nsbench::probes
