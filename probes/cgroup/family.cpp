#include <array>

#include "probes/cgroup/probes.h"
#include "probes/families.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &cgroup_identity, &self_root,        &self_root_v1,        &delegation,
    &opener_rights,   &opener_rights_v1, &release_agent_probe,
};

}  // namespace

std::span<const Probe* const> cgroup_family() { return rows; }

}  // namespace nsbench::probes
