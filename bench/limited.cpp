#include "bench/limited.h"

#include <fmt/format.h>

#include <string>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::bench {

Status enter_limited_user_namespace(NamespaceSet set, int most) {
  const OuterIds outer = OuterIds::current();
  if (calls::unshare(row(Kind::User).flag) != 0) return Error::last("unshare(CLONE_NEWUSER)");
  if (Status s = write_own_maps(outer, 0, 0); !s) return s;
  stay_tied_to_parent();
  for (const Kind kind : set.kinds()) {
    const std::string path = fmt::format("/proc/sys/user/{}", row(kind).limit);
    if (Status s = write_small_file(path, std::to_string(most)); !s) return s;
  }
  return {};
}

}  // namespace nsbench::bench
