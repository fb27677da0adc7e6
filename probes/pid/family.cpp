#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/pid/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &pid_identity,
    &pid_one,
    &parent_invisible,
    &proc_view,
};

}  // namespace

std::span<const Probe* const> pid_family() { return rows; }

}  // namespace nsbench::probes
