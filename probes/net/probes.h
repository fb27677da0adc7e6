// The probes of the net namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// interfaces.cpp
extern const Probe interfaces, interface_names;
// private_lists.cpp
extern const Probe addresses, routes, routing_rules, neighbours;
// ports.cpp
extern const Probe tcp_ports, udp_ports;
// unix_sockets.cpp
extern const Probe unix_abstract, unix_diag;

}  // namespace nsbench::probes
