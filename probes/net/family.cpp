#include <array>

#include "probes/families.h"
#include "probes/net/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

// The showcase first.
constexpr std::array rows{
    &net_identity, &interfaces, &interface_names, &addresses,     &routes,    &routing_rules,
    &neighbours,   &tcp_ports,  &udp_ports,       &unix_abstract, &unix_diag,
};

}  // namespace

std::span<const Probe* const> net_family() { return rows; }

}  // namespace nsbench::probes
