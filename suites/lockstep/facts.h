// What a worker tells of its kernel and machine, as the lines `about` of the protocol.
#pragma once

#include <string_view>
#include <vector>

#include "reports/report.h"
#include "suites/lockstep/protocol.h"

namespace nsbench::lockstep {

// Everything of the two but CPU caches.
std::vector<About> facts_of(const KernelInfo& kernel, const Environment& environment);

// Enters one fact. A name that is not known, or a value that can't be its, changes nothing.
void learn(const About& fact, KernelInfo& kernel, Environment& environment);

}  // namespace nsbench::lockstep
