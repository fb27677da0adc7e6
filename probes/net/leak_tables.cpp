#include <cerrno>
#include <initializer_list>

#include "probes/leak_table.h"
#include "probes/net/more_leak_tables.h"
#include "probes/net/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable interfaces_leaks() {
  LeakTable table{&interfaces,
                  {{"outside makes a link", "make", ok},
                   {"inside makes a link", "make", ok},
                   {"inside looks", "lo", "down", "up"},
                   {"inside looks", "links that no new namespace has", "", "nsbout0"}},
                  {}};
  for (const char* way :
       {"rtnetlink", "SIOCGIFINDEX", "SIOCGIFCONF", "/proc/net/dev", "/sys/class/net"}) {
    for (const char* maker : {"outside makes a link", "inside makes a link"}) {
      table.facts.emplace_back(maker, way, "yes");
    }
    for (const char* other : {"inside looks", "outside looks", "sibling looks"}) {
      table.facts.emplace_back(other, way, "no", "yes");
    }
  }
  return table;
}

LeakTable interface_names_leaks() {
  const Value taken = Value::err(EEXIST);
  return {&interface_names,
          {{"outside makes a link", "make", ok},
           {"inside takes the same name", "make", ok, taken},
           {"sibling takes the same name", "make", ok, taken}},
          {}};
}

// Of a probe of private_lists.cpp.
LeakTable list_leaks(const Probe& probe, std::initializer_list<const char*> ways) {
  const Value taken = Value::err(EEXIST);
  LeakTable table{&probe,
                  {{"inside makes the same", "make IPv4", ok, taken},
                   {"inside makes the same", "make IPv6", ok, taken}},
                  {}};
  for (const char* maker : {"outside makes", "inside makes"}) {
    table.facts.emplace_back(maker, "make IPv4", ok);
    table.facts.emplace_back(maker, "make IPv6", ok);
    for (const char* way : ways) table.facts.emplace_back(maker, way, "yes");
  }
  for (const char* other : {"inside looks", "outside looks"}) {
    for (const char* way : ways) table.facts.emplace_back(other, way, "no", "yes");
  }
  return table;
}

// The facts of one family in a probe of ports.cpp.
struct PortFacts {
  const char* bind;
  const char* reach;
  const char* bind_others;
  const char* proc;
};
constexpr PortFacts port_facts(const char* proc) {
  return {"bind IPv4", "reach IPv4", "bind the other's IPv4", proc};
}
constexpr PortFacts port6_facts(const char* proc) {
  return {"bind IPv6", "reach IPv6", "bind the other's IPv6", proc};
}

LeakTable port_leaks(const Probe& probe, std::initializer_list<PortFacts> families) {
  LeakTable table{&probe, {}, {}};
  for (const PortFacts& family : families) {
    for (const char* maker : {"outside takes a port", "inside takes a port"}) {
      table.facts.emplace_back(maker, family.bind, ok);
      table.facts.emplace_back(maker, family.proc, "yes");
    }
    for (const char* other : {"inside tries it", "outside tries it"}) {
      table.facts.emplace_back(other, family.reach, "refused", "reached");
      table.facts.emplace_back(other, family.proc, "no", "yes");
    }
    for (const char* own : {"inside uses its own", "outside uses its own"}) {
      table.facts.emplace_back(own, family.reach, "reached");
      table.facts.emplace_back(own, family.bind_others, ok, Value::err(EADDRINUSE));
    }
  }
  return table;
}

LeakTable unix_abstract_leaks() {
  const Value refused = Value::err(ECONNREFUSED);
  LeakTable table{&unix_abstract,
                  {{"inside listens", "bind the other's name", ok, Value::err(EADDRINUSE)}},
                  {}};
  for (const char* owner : {"outside listens", "inside listens"}) {
    for (const char* fact : {"bind abstract stream", "bind abstract datagram", "bind path",
                             "connect abstract", "send abstract", "connect path"}) {
      table.facts.emplace_back(owner, fact, ok);
    }
    table.facts.emplace_back(owner, "abstract in /proc/net/unix", "yes");
    table.facts.emplace_back(owner, "path in /proc/net/unix", "yes");
  }
  for (const char* other : {"inside tries", "outside tries"}) {
    table.facts.emplace_back(other, "connect abstract", refused, ok);
    table.facts.emplace_back(other, "send abstract", refused, ok);
    table.facts.emplace_back(other, "connect path", ok);
    table.facts.emplace_back(other, "abstract in /proc/net/unix", "no", "yes");
    table.facts.emplace_back(other, "path in /proc/net/unix", "no", "yes");
  }
  return table;
}

LeakTable unix_diag_leaks() {
  return {&unix_diag,
          {{"outside listens", "bind", ok},
           {"inside listens", "bind", ok},
           {"outside listens", "unix_diag", "yes"},
           {"inside listens", "unix_diag", "yes"},
           {"inside looks", "unix_diag", "no", "yes"},
           {"outside looks", "unix_diag", "no", "yes"}},
          {}};
}

LeakTable nftables_leaks() {
  const Value taken = Value::err(EEXIST);
  return {&nftables,
          {{"outside makes a table", "make a table", ok},
           {"inside makes a table", "make a table", ok},
           {"outside makes a table", "the outside's table", "yes"},
           {"inside looks", "the outside's table", "no", "yes"},
           {"inside makes a table", "the inside's table", "yes"},
           {"outside looks", "the inside's table", "no", "yes"},
           {"inside takes the same name", "make a table", ok, taken},
           {"inside drops", "make a chain", ok},
           {"inside drops", "send", Value::err(EPERM)},
           {"outside sends", "send", ok, Value::err(EPERM)}},
          {}};
}

LeakTable netlink_ports_leaks() {
  LeakTable table{
      &netlink_ports, {{"inside takes the same port", "bind", ok, Value::err(EADDRINUSE)}}, {}};
  for (const char* owner : {"outside takes a port", "inside takes a port"}) {
    table.facts.emplace_back(owner, "bind", ok);
    table.facts.emplace_back(owner, "send", ok);
    table.facts.emplace_back(owner, "in /proc/net/netlink", "yes");
  }
  for (const char* other : {"inside tries it", "outside tries it"}) {
    table.facts.emplace_back(other, "send", Value::err(ECONNREFUSED), ok);
    table.facts.emplace_back(other, "in /proc/net/netlink", "no", "yes");
  }
  return table;
}

LeakTable tcp_diag_leaks() {
  return {&tcp_diag,
          {{"outside listens", "listen", ok},
           {"inside listens", "listen", ok},
           {"outside listens", "inet_diag", "yes"},
           {"inside listens", "inet_diag", "yes"},
           {"inside looks", "inet_diag", "no", "yes"},
           {"outside looks", "inet_diag", "no", "yes"}},
          {}};
}

LeakTable proc_net_leaks() {
  return {&proc_net,
          {{"outside names its lo", "rename", ok},
           {"inside names its lo", "rename", ok},
           {"outside names its lo", "/proc/net", "yes"},
           {"inside looks", "/proc/net", "no", "yes"},
           {"inside looks", "/proc/thread-self/net", "no", "yes"},
           {"inside looks", "/proc/1/net", "yes"},
           {"outside looks at the inside", "the outside's lo", "no", "yes"},
           {"outside looks again", "the inside's lo", "yes"},
           {"outside looks again", "/proc/net", "no", "yes"}},
          {}};
}

LeakTable sysfs_mounter_leaks() {
  return {&sysfs_mounter,
          {{"outside mounts a sysfs", "mount", ok},
           {"outside mounts a sysfs", "the outside's lo", "yes"},
           {"inside names its lo", "the outside's lo", "yes"},
           {"inside names its lo", "rename", ok},
           {"inside names its lo", "the inside's lo", "no", "yes"},
           {"outside looks", "the outside's lo", "yes", "no"}},
          {}};
}

}  // namespace

std::vector<LeakTable> net_leak_tables() {
  std::vector<LeakTable> all{
      interfaces_leaks(),
      interface_names_leaks(),
      list_leaks(addresses,
                 {"the IPv4 address by RTM_GETADDR", "the IPv4 address by bind()",
                  "the IPv4 address in /proc/net/fib_trie", "the IPv6 address by RTM_GETADDR",
                  "the IPv6 address by bind()", "the IPv6 address in /proc/net/if_inet6"}),
      list_leaks(routes, {"the IPv4 route in the main table",
                          "the IPv4 route in a table of its own", "the IPv4 route by connect()",
                          "the IPv4 route in /proc/net/route", "the IPv6 route in the main table",
                          "the IPv6 route by connect()", "the IPv6 route in /proc/net/ipv6_route"}),
      list_leaks(routing_rules, {"the IPv4 rule", "the IPv6 rule"}),
      list_leaks(neighbours,
                 {"the IPv4 neighbour by RTM_GETNEIGH", "the IPv4 neighbour in /proc/net/arp",
                  "the IPv6 neighbour by RTM_GETNEIGH"}),
      port_leaks(tcp_ports, {port_facts("tcp IPv4 port in /proc/net"),
                             port6_facts("tcp IPv6 port in /proc/net")}),
      port_leaks(udp_ports, {port_facts("udp IPv4 port in /proc/net"),
                             port6_facts("udp IPv6 port in /proc/net")}),
      unix_abstract_leaks(),
      unix_diag_leaks(),
      nftables_leaks(),
      netlink_ports_leaks(),
      tcp_diag_leaks(),
      proc_net_leaks(),
      sysfs_mounter_leaks(),
  };
  for (LeakTable& more : more_net_leak_tables()) all.push_back(std::move(more));
  return all;
}

}  // namespace nsbench
