// The few rtnetlink requests that probes and benchmarks need (rtnetlink(7)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::rtnetlink {

struct Link {
  int index = 0;
  std::string name;
  unsigned flags = 0;  // IFF_*
};

// All links of the caller's network namespace, in the kernel's order.
Result<std::vector<Link>> links();
// Makes a link of `kind` ("dummy", "veth", "bridge"). EOPNOTSUPP: the kernel has no such kind.
Status add_link(std::string_view name, std::string_view kind);
Status rename_link(std::string_view name, std::string_view new_name);

}  // namespace nsbench::rtnetlink
