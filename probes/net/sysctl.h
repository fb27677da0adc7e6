// The files below /proc/sys/net.
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"

namespace nsbench::probes {

// "ipv4/ip_forward" -> "/proc/sys/net/ipv4/ip_forward"
std::string sysctl_file(std::string_view name);

// Ends the case with a skip where /proc/sys is mounted read-only, as in a container.
bool sysctls_are_masked(Scene& scene);

}  // namespace nsbench::probes
