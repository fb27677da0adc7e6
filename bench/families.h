// The families of benchmarks: one file each, which has the rows and the operations that time them.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "bench/workload.h"

namespace nsbench::bench {

std::span<const Workload> create_workloads();
std::span<const Workload> join_workloads();
std::span<const Workload> open_workloads();
std::span<const Workload> drop_workloads();
std::span<const Workload> drain_workloads();
std::span<const Workload> cycle_workloads();
std::span<const Workload> link_workloads();
std::span<const Workload> network_workloads();
std::span<const Workload> datapath_workloads();  // of the family network, too
std::span<const Workload> container_workloads();
std::span<const Workload> memory_workloads();
std::span<const Workload> curve_workloads();

// In the order in which they are shown.
std::vector<std::span<const Workload>> all_families();

// What several families' rows are made of.
inline constexpr Way clone_way{Method::Clone, ""};
inline constexpr Way clone3_way{Method::Clone3, ""};
inline constexpr Way vfork_way{Method::Clone3, "vfork"};
inline constexpr Way unshare_way{Method::Unshare, ""};
inline constexpr Way setns_way{Method::Setns, ""};
inline constexpr Way pidfd_way{Method::Setns, "pidfd"};

inline constexpr std::array clone3_only{clone3_way};
inline constexpr std::array unshare_only{unshare_way};
inline constexpr std::array setns_only{setns_way};

// What container runtimes make for each container.
inline constexpr NamespaceSet usual_set{Kind::Pid, Kind::Uts,    Kind::Ipc,
                                        Kind::Net, Kind::Cgroup, Kind::Mnt};
inline constexpr NamespaceSet all_but_time = NamespaceSet::all() - NamespaceSet{Kind::Time};

}  // namespace nsbench::bench
