#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &time_identity,
};

}  // namespace

std::span<const Probe* const> time_family() { return rows; }

}  // namespace nsbench::probes
