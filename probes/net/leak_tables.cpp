#include <cerrno>

#include "probes/leak_table.h"
#include "probes/net/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable interfaces_leaks() {
  LeakTable table{&interfaces,
                  {{"outside makes a link", "make", ok},
                   {"inside makes a link", "make", ok},
                   {"inside looks", "lo", "down", "up"}},
                  {}};
  for (const char* way : {"rtnetlink", "SIOCGIFINDEX", "/proc/net/dev", "/sys/class/net"}) {
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

}  // namespace

std::vector<LeakTable> net_leak_tables() {
  return {
      interfaces_leaks(),
      interface_names_leaks(),
  };
}

}  // namespace nsbench
