// What acts in a cgroup of the arena's own use: where it is, and what /proc says of it.
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"

namespace nsbench::own_cgroup {

enum class Version { Unified, V1 };

// The directory as acts on every side reach it (a link in the scratch directory).
std::string directory(Version version);
// Skips the case where the arena has none of this version. False then.
bool is_there(Scene& scene, Version version);

// The head of this hierarchy's line in /proc/PID/cgroup: "0::", "8:pids:".
std::string line_head(Version version);
// The path behind that head in /proc/PROCESS/cgroup; the errno's name on failure.
std::string path_of(std::string_view process, const std::string& line_head);
// What a mount of the hierarchy needs: "" or "pids", "none,name=systemd".
std::string mount_option(const std::string& line_head);

// The root field in the caller's mountinfo of the first mount of this hierarchy, or of the mount
// at `point`; "(none)".
std::string mount_root(const std::string& line_head, const std::string& point = "");
// The options of the first cgroup2 mount's super block.
std::string unified_options();

// Moves the calling process. An errno value.
int move_to(const std::string& directory);

}  // namespace nsbench::own_cgroup
