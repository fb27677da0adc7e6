#include "probes/net/more_leak_tables.h"

#include <cerrno>

#include "probes/net/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value refused_access = Value::err(EACCES);
const Value refused_permission = Value::err(EPERM);
const Value taken = Value::err(EEXIST);

LeakTable packet_leaks() {
  return {&packet,
          {{"outside listens", "socket(AF_PACKET)", ok},
           {"inside listens", "socket(AF_PACKET)", ok},
           {"outside sends", "send", ok},
           {"inside sends", "send", ok},
           {"outside reads", "frames of the outside", "yes"},
           {"inside reads", "frames of the outside", "no", "yes"},
           {"inside reads", "frames of the inside", "yes"},
           {"outside reads", "frames of the inside", "no", "yes"},
           {"outside listens", "in /proc/net/packet", "yes"},
           {"inside listens", "the other's in /proc/net/packet", "no", "yes"},
           {"inside listens", "in /proc/net/packet", "yes"},
           {"outside reads", "the other's in /proc/net/packet", "no", "yes"}},
          {}};
}

LeakTable link_events_leaks() {
  LeakTable table{&link_events, {}, {}};
  for (const char* act : {"outside listens", "inside listens"}) {
    table.facts.emplace_back(act, "listen", ok);
  }
  for (const char* act : {"outside changes", "inside changes"}) {
    table.facts.emplace_back(act, "change the link", ok);
    table.facts.emplace_back(act, "add an address", ok);
  }
  for (const char* event : {"a link event of the outside", "an address event of the outside",
                            "a route event of the outside"}) {
    table.facts.emplace_back("outside hears", event, "yes");
    table.facts.emplace_back("inside hears", event, "no", "yes");
  }
  for (const char* event : {"a link event of the inside", "an address event of the inside",
                            "a route event of the inside"}) {
    table.facts.emplace_back("inside hears", event, "yes");
    table.facts.emplace_back("outside hears", event, "no", "yes");
  }
  return table;
}

LeakTable device_uevents_leaks() {
  return {&device_uevents,
          {{"outside listens", "listen", ok},
           {"inside listens", "listen", ok},
           {"outside renames", "rename", ok},
           {"inside renames", "rename", ok},
           {"outside hears", "event of nsbout0", "yes"},
           {"inside hears", "event of nsbout0", "no", "yes"},
           {"inside hears", "event of nsbin0", "yes"},
           {"outside hears", "event of nsbin0", "no", "yes"}},
          {}};
}

LeakTable sysctls_leaks() {
  return {&net_sysctls,
          {{"outside sets", "write ipv4/ip_forward", ok},
           {"inside sets", "write ipv4/ip_forward", ok},
           {"inside sets", "ipv4/ip_forward", "0"},
           {"outside looks", "ipv4/ip_forward", "1", "0"},
           {"inside looks", "ipv4/ip_forward", "0", "1"}},
          {}};
}

LeakTable somaxconn_leaks() {
  return {&somaxconn,
          {{"outside sets", "write core/somaxconn", ok},
           {"inside sets", "write core/somaxconn", ok},
           {"inside sets", "core/somaxconn", "4321"},
           {"outside looks", "core/somaxconn", "1234", "4321"},
           {"inside looks", "core/somaxconn", "4321", "1234"}},
          {}};
}

LeakTable default_ttl_leaks() {
  return {&default_ttl,
          {{"outside sets", "write ipv4/ip_default_ttl", ok},
           {"inside sets", "write ipv4/ip_default_ttl", ok},
           {"inside sets", "ipv4/ip_default_ttl", "44"},
           {"outside looks", "ipv4/ip_default_ttl", "33", "44"},
           {"inside looks", "ipv4/ip_default_ttl", "44", "33"},
           {"inside sets", "ttl of a socket", 44},
           {"outside looks", "ttl of a socket", 33, 44},
           {"inside looks", "ttl of a socket", 44, 33}},
          {}};
}

LeakTable unprivileged_ports_leaks() {
  return {&unprivileged_ports,
          {{"outside sets", "write ipv4/ip_unprivileged_port_start", ok},
           {"inside sets", "write ipv4/ip_unprivileged_port_start", ok},
           {"inside sets", "ipv4/ip_unprivileged_port_start", "80"},
           {"outside looks", "ipv4/ip_unprivileged_port_start", "1024", "80"},
           {"inside looks", "ipv4/ip_unprivileged_port_start", "80", "1024"},
           {"inside sets", "bind port 80", ok},
           {"outside looks", "bind port 80", refused_access, ok},
           {"inside looks", "bind port 80", ok, refused_access}},
          {}};
}

LeakTable sysctl_globals_leaks() {
  LeakTable table{&sysctl_globals, {{"inside tries", "rewrite ipv4/ip_forward", ok}}, {}};
  for (const char* name :
       {"core/netdev_max_backlog", "core/dev_weight", "core/bpf_jit_enable", "core/bpf_jit_limit",
        "core/rmem_max", "core/wmem_max", "ipv4/tcp_mem", "ipv4/udp_mem",
        "ipv4/inet_peer_threshold", "ipv4/tcp_allowed_congestion_control",
        "netfilter/nf_conntrack_max", "netfilter/nf_conntrack_buckets"}) {
    table.facts.emplace_back("inside tries", name, no_entry, ok);
  }
  return table;
}

LeakTable proc_sys_owner_leaks() {
  return {&proc_sys_owner,
          {{"the owner writes", "rewrite", ok},
           {"a user namespace below writes", "below enter", ok},
           {"a user namespace below writes", "below read", ok},
           {"a user namespace below writes", "below rewrite", refused_access, ok},
           {"one with a network namespace of its own writes", "below rewrite", ok}},
          {}};
}

LeakTable proc_sys_effective_ids_leaks() {
  return {&proc_sys_effective_ids,
          {{"inside tries", "real root: setresuid", ok},
           {"inside tries", "effective root", ok},
           {"inside tries", "real root", refused_access, ok}},
          {}};
}

LeakTable foreign_sysctl_leaks() {
  return {&foreign_sysctl,
          {{"inside writes", "rewrite ipv4/ip_forward", ok},
           {"inside writes", "open kernel.hostname", refused_access, ok}},
          {}};
}

// The outside's namespace is 100, the inside's 200.
LeakTable socket_birth_leaks() {
  return {&socket_birth,
          {{"outside makes a socket", "own namespace", "100"},
           {"outside makes a socket", "namespace of it", "100"},
           {"inside uses it", "own namespace", "200", "100"},
           {"inside uses it", "namespace of its own", "200", "100"},
           {"inside uses it", "namespace of the inherited one", "100", "200"},
           {"inside uses it", "mtu through the inherited one", "60001"},
           {"inside uses it", "mtu through its own", "65536", "60001"},
           {"inside uses it", "bind of the inherited one", ok},
           {"inside uses it", "bind of its own", ok, Value::err(EADDRINUSE)},
           {"outside joins", "setns", ok},
           {"outside joins", "namespace of the one made before", "100"},
           {"outside joins", "namespace of the one made after", "200", "100"}},
          {}};
}

LeakTable death_leaks() {
  LeakTable table{&death,
                  {{"outside moves them in", "move the far end", ok},
                   {"outside moves them in", "move the gift", ok},
                   {"inside looks", "nsbfar0", "yes"},
                   {"inside looks", "nsbgift0", "yes"},
                   {"outside kills the inside", "nsbnear0", "yes"},
                   {"outside kills the inside", "inside is gone", "yes"},
                   {"outside waits", "a namespace that died later is cleaned up", ok}},
                  {}};
  for (const char* link : {"nsbnear0", "nsbfar0", "nsbgift0"}) {
    table.facts.emplace_back("outside looks", link, "no", "yes");
  }
  return table;
}

LeakTable veth_leaks() {
  return {&veth,
          {{"outside makes a pair", "make a pair", ok},
           {"inside looks", "near end", "no", "yes"},
           {"inside looks", "far end", "no", "yes"},
           {"outside moves an end in", "move", ok},
           {"outside moves an end in", "far end", "no", "yes"},
           {"inside takes it", "far end", "yes"},
           {"inside takes it", "configure", ok},
           {"inside receives and answers", "datagram from", "192.0.2.1"},
           {"inside receives and answers", "a neighbour", "yes", "no"},
           {"outside receives", "datagram from", "192.0.2.2"},
           {"outside receives", "a neighbour", "yes", "no"}},
          {}};
}

LeakTable bridge_leaks() {
  return {&bridge,
          {{"outside makes a bridge", "make a bridge", ok},
           {"outside plugs them in", "move", ok},
           {"inside is plugged in", "configure", ok},
           {"sibling is plugged in", "configure", ok},
           {"sibling receives and answers", "datagram from", "192.0.2.2"},
           {"sibling receives and answers", "a neighbour", "yes", "no"},
           {"inside receives and calls outside", "datagram from", "192.0.2.3"},
           {"inside receives and calls outside", "a neighbour", "yes", "no"},
           {"outside receives and answers", "datagram from", "192.0.2.2"},
           {"outside receives and answers", "a neighbour", "yes", "no"},
           {"inside receives again", "datagram from", "192.0.2.1"},
           {"inside receives again", "a neighbour", "yes", "no"},
           {"inside sends", "connect elsewhere", Value::err(ENETUNREACH), ok},
           {"sibling receives and answers", "connect elsewhere", Value::err(ENETUNREACH), ok},
           {"inside is plugged in", "the other's link", "no", "yes"},
           {"sibling is plugged in", "the other's link", "no", "yes"}},
          {}};
}

LeakTable container_leaks() {
  LeakTable table{&container,
                  {{"outside makes a bridge", "make a bridge", ok},
                   {"outside lays a network beyond", "beyond lay", ok},
                   {"outside lays a network beyond", "forward nothing", ok},
                   {"outside plugs them in", "move", ok},
                   {"inside is wired", "configure", ok},
                   {"sibling is wired", "configure", ok},
                   {"inside is wired", "default route", ok},
                   {"sibling is wired", "default route", ok, taken},
                   {"inside is wired", "own route", ok},
                   {"sibling is wired", "own route", ok},
                   {"inside answers and calls", "the outside called from", "192.0.2.1"},
                   {"inside answers and calls", "the outside is a neighbour", "yes", "no"},
                   {"sibling answers and calls", "the outside called from", "192.0.2.1"},
                   {"sibling answers and calls", "the outside is a neighbour", "yes", "no"},
                   {"sibling answers and calls", "the inside called from", "192.0.2.2"},
                   {"sibling answers and calls", "the inside is a neighbour", "yes", "no"},
                   {"inside answers the sibling", "the sibling called from", "192.0.2.3"},
                   {"inside answers the sibling", "the sibling is a neighbour", "yes", "no"},
                   {"outside answers and forwards", "the inside called from", "192.0.2.2"},
                   {"outside answers and forwards", "the inside is a neighbour", "yes", "no"},
                   {"outside answers and forwards", "called over the default route from",
                    "192.0.2.2", "198.51.100.1"},
                   {"inside answers and calls", "default route", "yes"},
                   {"outside answers and forwards", "default route", "no", "yes"},
                   {"inside answers and calls", "send beyond", ok},
                   {"sibling answers and calls", "send beyond", ok},
                   {"outside looks beyond", "outside", "yes"},
                   {"outside looks beyond", "inside", "no", "yes"},
                   {"outside looks beyond", "sibling", "no", "yes"},
                   {"outside answers and forwards", "forward", ok},
                   {"outside looks beyond", "forwarded", "yes"}},
                  {}};
  for (const char* act : {"inside answers and calls", "sibling answers and calls"}) {
    for (const char* thing : {"the other's link", "the other's address", "the other's route"}) {
      table.facts.emplace_back(act, thing, "no", "yes");
    }
  }
  return table;
}

// An act of net_no_privilege, in the outside's namespace and in one's own.
struct PrivilegedAct {
  const char* there;
  const char* own;
};

LeakTable no_privilege_leaks() {
  LeakTable table{&net_no_privilege, {{"inside tries in its own", "own enter", ok}}, {}};
  for (const PrivilegedAct& act : {PrivilegedAct{"raw socket", "own raw socket"},
                                   {"packet socket", "own packet socket"},
                                   {"change a link", "own change a link"},
                                   {"bring a link up", "own bring a link up"},
                                   {"add an address", "own add an address"},
                                   {"add a route", "own add a route"},
                                   {"add a rule", "own add a rule"},
                                   {"add a link", "own add a link"}}) {
    table.facts.emplace_back("inside tries", act.there, refused_permission, ok);
    table.facts.emplace_back("inside tries in its own", act.own, ok);
  }
  return table;
}

LeakTable move_privilege_leaks() {
  return {&move_privilege,
          {{"inside moves a link out", "make a pair", ok},
           {"inside moves a link out", "move it out", refused_permission, ok},
           {"inside moves a link on", "nested enter", ok},
           {"inside moves a link on", "nested move it", ok}},
          {}};
}

LeakTable nsid_leaks() {
  return {&nsid,
          {{"outside numbers the inside", "before", "none"},
           {"outside numbers the inside", "RTM_NEWNSID", ok},
           {"outside numbers the inside", "by pid", "7"},
           {"outside numbers the inside", "by descriptor", "7"},
           {"outside numbers the inside", "a second number", taken, ok},
           {"inside numbers the outside", "itself", "none", "7"},
           {"inside numbers the outside", "RTM_NEWNSID", ok, taken},
           {"inside numbers the outside", "by pid", "3", "7"},
           {"outside looks again", "by pid", "7"},
           {"outside lays a pair", "lay a pair", ok},
           {"outside looks at its end", "the other end's", "7", "none"},
           {"inside looks at its end", "the other end's", "3", "none"}},
          {}};
}

LeakTable link_moves_leaks() {
  LeakTable table{&link_moves,
                  {{"outside makes links", "make a pair", ok},
                   {"inside takes a name", "make a pair", ok},
                   {"outside moves them", "move and rename", ok},
                   {"outside moves them", "move by descriptor", ok},
                   {"inside looks", "nsbnew0", "yes"},
                   {"inside looks", "nsbnear0", "yes"},
                   {"outside moves them", "move a taken name", taken, ok},
                   {"outside moves them", "move to no process", Value::err(ESRCH), ok}},
                  {}};
  for (const char* move : {"move lo", "move a bridge", "move to no namespace"}) {
    table.facts.emplace_back("outside moves them", move, Value::err(EINVAL), ok);
  }
  return table;
}

}  // namespace

std::vector<LeakTable> more_net_leak_tables() {
  return {packet_leaks(),
          link_events_leaks(),
          device_uevents_leaks(),
          sysctls_leaks(),
          somaxconn_leaks(),
          default_ttl_leaks(),
          unprivileged_ports_leaks(),
          sysctl_globals_leaks(),
          proc_sys_owner_leaks(),
          foreign_sysctl_leaks(),
          proc_sys_effective_ids_leaks(),
          socket_birth_leaks(),
          death_leaks(),
          veth_leaks(),
          bridge_leaks(),
          container_leaks(),
          no_privilege_leaks(),
          move_privilege_leaks(),
          nsid_leaks(),
          link_moves_leaks()};
}

}  // namespace nsbench
