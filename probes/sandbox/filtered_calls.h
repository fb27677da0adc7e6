// Which system calls a seccomp filter answers in the kernel's place.
#pragma once

#include <vector>

#include "probes/sandbox/support.h"

namespace nsbench {

// Tries, in children, those calls that a run makes and that filters are known to refuse, each with
// arguments by which an unfiltered kernel can be told: it refuses them before it asks who the
// caller is, or in namespaces of the child's own, and with an errno that no filter gives. Changes
// nothing. The caller must be single-threaded.
std::vector<FilteredCall> find_filtered_calls(const KernelRelease& release);

}  // namespace nsbench
