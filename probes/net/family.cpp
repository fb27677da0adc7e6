#include <array>

#include "probes/families.h"
#include "probes/net/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &net_identity,
    &interfaces,
    &interface_names,
};

}  // namespace

std::span<const Probe* const> net_family() { return rows; }

}  // namespace nsbench::probes
