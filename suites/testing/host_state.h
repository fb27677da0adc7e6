// For tests: what a run must not change on its host.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>

namespace nsbench::testing {

// Whatever a user could notice, by name. Two states are equal if nothing changed.
using HostState = std::map<std::string, std::set<std::string>>;

// Host and domain name, mounts (with them bound namespace files), System V objects, POSIX queues,
// links, processes that a run made and their namespaces, cgroups, sysctls (kernel, fs, net, user),
// keys, loaded modules, and our files in the temporary directories.
HostState look_at_host();

// One line per difference: "links: + veth0".
std::string differences(const HostState& before, const HostState& after);

// The same against the state of now, once it stays: the host's own processes come and go, and a
// killed run's last namespaces are torn down a moment later. Waits up to 20 s for it to be empty.
std::string lasting_differences(const HostState& before);

}  // namespace nsbench::testing
