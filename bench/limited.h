// A user namespace that allows few namespaces: there, whether one can be made tells whether the one
// before is really gone.
#pragma once

#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench::bench {

// Makes one for the calling process, which becomes its root, with `most` of each kind in `set`
// (/proc/sys/user/max_*_namespaces, which are its own; kernel/ucount.c). Needs a /proc. The process
// has no rights over what it came from any more.
Status enter_limited_user_namespace(NamespaceSet set, int most);

}  // namespace nsbench::bench
