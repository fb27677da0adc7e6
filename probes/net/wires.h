// What the probes of a container's wiring do alike.
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"
#include "reports/result.h"

namespace nsbench::probes {

// "yes" where the link exists.
std::string is_there(std::string_view link);

// Gives a link an address of a /24, and brings it up.
void configure(Scene& scene, const char* link, const char* address);

// Until frames pass: a link's queues are started by a work item some time after its carrier.
void wait_until_running(Scene& scene, const char* link);

// A veth pair with its near end on a bridge.
struct Port {
  const char* near_end;
  const char* far_end;
};
Status plug(const Port& port, const char* bridge);

}  // namespace nsbench::probes
