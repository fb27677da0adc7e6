#include <array>

#include "probes/families.h"
#include "probes/mnt/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &mnt_identity,
    &mount_view,
    &umount_view,
    &pivot_root,
};

}  // namespace

std::span<const Probe* const> mnt_family() { return rows; }

}  // namespace nsbench::probes
