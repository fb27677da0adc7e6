// Joining namespaces that exist: a process's, by its pidfd or by the files in its /proc directory.
#pragma once

#include <sys/types.h>

#include <string>

#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench {

// Both move the calling process, which must be single-threaded; of pid namespaces the children that
// it makes from then on (setns(2)). The Error names the call that was refused, and its errno.

// In one call: all of `set`, or nothing. Since 5.8.
Status join_by_pidfd(NamespaceSet set, int pidfd);
// One by one, in the order of all_kinds. All are opened before the first is joined.
// `dir`: "/proc/PID"; `name`: what an Error calls it.
Status join_by_descriptors(NamespaceSet set, const std::string& dir, const std::string& name);

// Those of `set` in which the process is and the caller is not, by its pidfd where the kernel takes
// that, else one by one; which these were. An Error: there is no such process, a kind can't be
// looked at (the file and the errno are named), or a call was refused.
Result<NamespaceSet> join_process(NamespaceSet set, pid_t pid);

}  // namespace nsbench
