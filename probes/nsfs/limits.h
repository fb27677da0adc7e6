// A user namespace of one's own in which only so many namespaces can be made: by that, whether an
// earlier one still exists can be told for every kind and on every kernel since 4.9
// (namespaces(7), "The /proc/sys/user directory").
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "probes/nsfs/ns_file.h"
#include "probes/probe.h"
#include "probes/sandbox/namespace_set.h"

namespace nsbench::ns_limit {

// Runs `look` as root of a fresh user namespace (with a mount namespace of its own) below this
// process. Skips the case where /proc/sys/user can't be written there. What was seen is put below
// "limited": "limited uts made".
void in_limited(Scene& scene, const std::function<void(Observation&)>& look);

// Allows `count` namespaces of this kind at a time, in this user namespace. An errno value.
int allow(Kind kind, int count);

// Makes one more in a process that ends at once. The errno of the refusal, or 0.
int try_to_make(Kind kind);

// Tries until one can be made: the kernel takes some namespaces down a little later than their last
// user. The last errno; ENOSPC if that was still the limit after three seconds.
int await_room(Kind kind);

}  // namespace nsbench::ns_limit
