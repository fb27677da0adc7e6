// Why a file of /proc/sys can't be written here, where that is not the kernel's fault.
#pragma once

#include <string>

#include "probes/probe.h"

namespace nsbench {

// Makes the case a skip if the refusal `err` of writing `path` has a reason that can be seen: the
// kernel lacks the file, it belongs to another user namespace's root, or its file system is mounted
// read-only. Otherwise the refusal is left to the judge.
void skip_if_unwritable(Scene& scene, const std::string& path, int err);

// Makes the case a skip, and answers true, where the /proc mounted here is of another pid namespace
// than the arena's, as where parts of it are masked: pids can't be looked up in it.
bool skip_if_foreign_proc(Scene& scene);

}  // namespace nsbench
