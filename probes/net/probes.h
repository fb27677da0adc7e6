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
// packets.cpp
extern const Probe packet;
// events.cpp
extern const Probe link_events, device_uevents;
// sysctls.cpp
extern const Probe net_sysctls, somaxconn, default_ttl, unprivileged_ports;
// sysctl_rules.cpp
extern const Probe sysctl_globals, proc_sys_owner, proc_sys_effective_ids, foreign_sysctl;
// socket_birth.cpp
extern const Probe socket_birth;
// death.cpp
extern const Probe death;
// wiring.cpp
extern const Probe veth, bridge;
// container.cpp
extern const Probe container;
// privilege.cpp
extern const Probe net_no_privilege, move_privilege;
// nftables.cpp
extern const Probe nftables;
// netlink_ports.cpp
extern const Probe netlink_ports, tcp_diag;
// proc_net.cpp
extern const Probe proc_net, sysfs_mounter;
// nsid.cpp
extern const Probe nsid, link_moves;

}  // namespace nsbench::probes
