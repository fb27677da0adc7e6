// For tests: what a run must not change on its host.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nsbench::testing {

// Whatever a user could notice, by name. Two states are equal if nothing changed.
using HostState = std::map<std::string, std::set<std::string>>;

// What is looked at, besides what there is one of.
struct View {
  // For one who is PID 1 of a pid namespace of its own: every process there counts, and orphans are
  // reaped. Else those count that are named as a run's are.
  bool every_process = false;
  std::vector<std::string> cgroups{"/sys/fs/cgroup"};  // these and those below
  std::vector<std::string> directories;                // every file below them counts
};

// Host and domain name, mounts (with them bound namespace files), System V objects, POSIX queues,
// links, processes that a run made (the machines that it booted among them) and their namespaces,
// cgroups, sysctls (kernel, fs, net, user), keys, loaded modules, and our files in the temporary
// directories, the working directory and the home directory (User-Mode Linux's ~/.uml).
HostState look_at_host(const View& view = {});

// One line per difference: "links: + veth0".
std::string differences(const HostState& before, const HostState& after);

// What of it lasts: the host's own processes come and go, and a killed run's last namespaces are
// torn down a moment later. Looks again and again, for up to 20 s, until no difference was there at
// each look.
std::string lasting_differences(const HostState& before, const View& view = {});

}  // namespace nsbench::testing
