#include "bench/families.h"

namespace nsbench::bench {

std::vector<std::span<const Workload>> all_families() {
  return {create_workloads(),   join_workloads(),      open_workloads(),   drop_workloads(),
          drain_workloads(),    cycle_workloads(),     link_workloads(),   network_workloads(),
          datapath_workloads(), container_workloads(), memory_workloads(), curve_workloads()};
}

}  // namespace nsbench::bench
