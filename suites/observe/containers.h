// Names of containers, as their engines know them.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::observe {

// The first process of the container with this name or id, or with an id that alone begins so, from
// the state that runc, crun, podman, docker and containerd keep in their directories below `root`
// ("" for the system's; the caller's XDG_RUNTIME_DIR and home directory too, for engines without
// root). An Error: nobody knows it, several do, or it is not running; it names the directories that
// could not be read.
Result<pid_t> find_container(std::string_view name, const std::string& root = "");

}  // namespace nsbench::observe
