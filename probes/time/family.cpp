#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &time_identity, &clocks,        &alarm_clock,      &sleepers, &futex_waitv,  &proc, &boot_time,
    &frozen,        &offset_values, &offset_privilege, &children, &time_threads, &exec,
};

}  // namespace

std::span<const Probe* const> time_family() { return rows; }

}  // namespace nsbench::probes
