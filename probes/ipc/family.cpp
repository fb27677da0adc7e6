#include <array>

#include "probes/families.h"
#include "probes/ipc/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &ipc_identity, &sysv_shm, &sysv_sem, &sysv_msg, &mqueue,
};

}  // namespace

std::span<const Probe* const> ipc_family() { return rows; }

}  // namespace nsbench::probes
