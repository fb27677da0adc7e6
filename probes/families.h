// The families of probes, each a folder that lists its own rows.
#pragma once

#include <span>

#include "probes/probe.h"

namespace nsbench::probes {

std::span<const Probe* const> pid_family();
std::span<const Probe* const> uts_family();
std::span<const Probe* const> mnt_family();
std::span<const Probe* const> ipc_family();
std::span<const Probe* const> user_family();
std::span<const Probe* const> net_family();
std::span<const Probe* const> cgroup_family();
std::span<const Probe* const> time_family();
std::span<const Probe* const> nsfs_family();
std::span<const Probe* const> calls_family();
std::span<const Probe* const> all_family();

}  // namespace nsbench::probes
