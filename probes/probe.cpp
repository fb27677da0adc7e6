#include "probes/probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "probes/families.h"

namespace nsbench {

std::string_view id(Side side) {
  constexpr std::array names{std::string_view("outside"), std::string_view("inside"),
                             std::string_view("sibling")};
  return names[static_cast<std::size_t>(side)];
}

std::span<const Probe* const> all_probes() {
  static const std::vector<const Probe*> rows = [] {
    std::vector<const Probe*> all;
    for (const auto family :
         {probes::pid_family, probes::uts_family, probes::mnt_family, probes::ipc_family,
          probes::user_family, probes::net_family, probes::cgroup_family, probes::time_family,
          probes::nsfs_family, probes::calls_family, probes::all_family}) {
      const std::span<const Probe* const> rows_of_it = family();
      all.insert(all.end(), rows_of_it.begin(), rows_of_it.end());
    }
    return all;
  }();
  return rows;
}

const Probe* find_probe(std::string_view subject) {
  for (const Probe* probe : all_probes()) {
    if (subject == std::string(probe->family) + "/" + std::string(probe->name)) return probe;
  }
  return nullptr;
}

}  // namespace nsbench
