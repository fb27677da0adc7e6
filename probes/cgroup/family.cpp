#include <array>

#include "probes/cgroup/probes.h"
#include "probes/families.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &cgroup_identity,
};

}  // namespace

std::span<const Probe* const> cgroup_family() { return rows; }

}  // namespace nsbench::probes
