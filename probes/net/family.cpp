#include <array>

#include "probes/families.h"
#include "probes/net/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

// The showcase first.
constexpr std::array rows{
    &net_identity,
    &interfaces,
    &interface_names,
    &addresses,
    &routes,
    &routing_rules,
    &neighbours,
    &nftables,
    &tcp_ports,
    &udp_ports,
    &tcp_diag,
    &unix_abstract,
    &unix_diag,
    &packet,
    &link_events,
    &device_uevents,
    &netlink_ports,
    &proc_net,
    &sysfs_mounter,
    &net_sysctls,
    &somaxconn,
    &default_ttl,
    &unprivileged_ports,
    &sysctl_globals,
    &proc_sys_owner,
    &proc_sys_effective_ids,
    &foreign_sysctl,
    &socket_birth,
    &death,
    &veth,
    &bridge,
    &container,
    &net_no_privilege,
    &move_privilege,
    &nsid,
    &link_moves,
};

}  // namespace

std::span<const Probe* const> net_family() { return rows; }

}  // namespace nsbench::probes
