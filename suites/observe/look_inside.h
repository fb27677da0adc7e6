// What a process sees of its surroundings, looked at from within its namespaces.
#pragma once

#include <sys/types.h>

#include "probes/sandbox/deadline.h"
#include "reports/observation.h"
#include "reports/result.h"

namespace nsbench::observe {

// A child of ours joins the namespaces of process `pid` that differ from the caller's, gives up
// every capability, looks with the eyes of nsprobe's probes, and ends. It can't be traced by who is
// inside (PR_SET_DUMPABLE(2const)), changes nothing there, and is killed at the deadline: what it
// reads is the target's, which may not mean well. Each probe's observation is an entry named after
// it ("net/interfaces"); its cgroups, as it sees them itself, are "cgroup"; the sockets of
// container engines that are there for it to connect to are the lines of "found" in "sockets". The
// caller must be single-threaded. An Error names what was refused, or says that it was not let
// finish.
Result<Transcript> look_inside(pid_t pid, Deadline deadline);

}  // namespace nsbench::observe
