#include "ci/kernel/needed_modules.h"

#include <array>

namespace nsbench::kernel {
namespace {

constexpr std::array modules{
    NeededModule{"unix", "Unix sockets (a module before 6.4): the net family, and channels"},
    NeededModule{"ipv6", "net: ports, sockets and sysctls of IPv6, whose devices it makes"},
    NeededModule{"af_packet", "net: packet sockets and /proc/net/packet"},
    NeededModule{"dummy", "net: the cheapest link to make, move and lose"},
    NeededModule{"veth", "net and bench: pairs of links between namespaces"},
    NeededModule{"bridge", "net and bench: links of a bridge"},
    NeededModule{"unix_diag", "net: lists of Unix sockets through sock_diag"},
    NeededModule{"inet_diag", "net: lists of TCP sockets through sock_diag"},
    NeededModule{"tcp_diag", "net: lists of TCP sockets through sock_diag"},
    // libcrc32c, which nf_tables needs, asks for "crc32c" by that alias as it is loaded.
    NeededModule{"crc32c_generic", "nf_tables, through libcrc32c"},
    NeededModule{"nf_tables", "net: the tables of a firewall, and what they drop"},
    NeededModule{"overlay", "mnt and user: overlays of and in user namespaces"},
};

}  // namespace

std::span<const NeededModule> needed_modules() { return modules; }

std::vector<std::string_view> needed_module_names() {
  std::vector<std::string_view> names;
  for (const NeededModule& module : modules) names.push_back(module.name);
  return names;
}

}  // namespace nsbench::kernel
