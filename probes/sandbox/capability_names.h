// Capabilities by name, and the sets of them that /proc/PID/status shows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/sandbox/capabilities.h"

namespace nsbench {

// "CAP_CHOWN" of 0; the number itself of one that has no name here.
std::string capability_name(int capability);

// Of "000001ffffffffff", as CapEff and its like have them; nothing for what is no such number.
std::optional<CapabilitySet> parse_capabilities(std::string_view mask);

}  // namespace nsbench
