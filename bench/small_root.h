// A mount namespace whose number of mounts is known.
#pragma once

#include <cstddef>

#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::bench {

// A descriptor of a mount namespace, in which an empty tmpfs is the root, with `more` mounts of
// itself on it and no other. Copying a mount namespace copies every mount in it, so the time of
// that is one of how many mounts the machine happens to have: what is timed starts from here.
// Nothing that is opened by its path can be reached from there, /proc neither.
// To be called in an arena: an Error names the step that failed.
Result<Fd> small_mount_namespace(std::size_t more);
// The same for the mount namespace that the process is in, which must be one of its own.
Status keep_one_mount(std::size_t more = 0);

}  // namespace nsbench::bench
