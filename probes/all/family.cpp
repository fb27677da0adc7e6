#include <vector>

#include "probes/all/probes.h"
#include "probes/families.h"

namespace nsbench::probes {

std::span<const Probe* const> all_family() {
  static const std::vector<const Probe*> rows = [] {
    std::vector<const Probe*> pointers;
    for (const Probe& probe : whole_probes()) pointers.push_back(&probe);
    return pointers;
  }();
  return rows;
}

}  // namespace nsbench::probes
