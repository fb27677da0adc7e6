// The uid and gid maps of a user namespace, and giving privileges up.
#pragma once

#include <sys/types.h>

#include "reports/result.h"

namespace nsbench {

// The effective ids from which a user namespace is entered: read before, since inside they change.
struct OuterIds {
  uid_t uid = 0;
  gid_t gid = 0;
  static OuterIds current();
};

// Which id the entering process has inside. It never equals the one outside, so that a map that is
// ignored can be told from one that works.
uid_t inside_id(uid_t outside);

// Run inside a fresh user namespace: denies setgroups and maps the caller's own uid and gid to the
// ids given, one each: what an unprivileged process may do by itself (user_namespaces(7), "Defining
// user and group ID mappings").
Status write_own_maps(const OuterIds& outer, uid_t uid_inside, gid_t gid_inside);

// Becomes an unprivileged process: uid and gid 65534 without groups, or, where that id is not
// mapped, the same ids without any capability that counts for namespaces. Dumpable again afterwards
// (setresuid clears that, and /proc/self/uid_map would be root's) and tied to its parent again.
Status drop_privilege();

// Whether the process has this capability (CAP_SYS_ADMIN, ..) effective in its user namespace.
bool has_capability(int capability);

}  // namespace nsbench
