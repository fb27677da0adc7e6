#include <cerrno>

#include "probes/cgroup/probes.h"
#include "probes/leak_table.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable self_root_leaks(const Probe& probe) {
  const std::string path = "/nsbench-7-1/inner";
  return {&probe,
          {{"outside arranges", "move", ok},
           {"outside arranges", "path", path},
           {"outside arranges", "mount root", "/"},
           {"inside looks", "path", "/", path},
           {"inside looks", "path beside", "/../other", "/nsbench-7-1/other"},
           {"inside looks", "mount root", "/../..", "/"},
           {"inside looks", "mount", ok},
           {"inside looks", "fresh mount's root", "/"},
           {"inside looks", "access(mark)", ok, no_entry},
           {"outside moves up", "move", ok},
           {"outside moves up", "inside's path", path},
           {"inside looks up", "path above", "/..", "/nsbench-7-1"}},
          {}};
}

LeakTable delegation_leaks() {
  constexpr std::string_view act = "inside tries to get out";
  return {&delegation,
          {{"outside arranges", "move", ok},
           {act, "limit at the root", Value::err(EPERM), ok},
           {act, "limit below", ok},
           {act, "move below", ok},
           {act, "move out", no_entry, ok}},
          {}};
}

LeakTable opener_leaks(const Probe& probe) {
  constexpr std::string_view act = "outside writes";
  return {&probe,
          {{act, "drop", ok},
           {act, "mkdir", ok},
           {act, "chmod", ok},
           {act, "write what nobody opened", Value::err(EACCES), ok},
           {act, "stays", 1, 0},
           {act, "write what root opened", ok},
           {act, "moves", 1}},
          {}};
}

LeakTable release_agent_leaks() {
  return {&release_agent_probe,
          {{"outside writes", "write", ok}, {"inside writes", "write", Value::err(EPERM), ok}},
          {}};
}

}  // namespace

std::vector<LeakTable> cgroup_leak_tables() {
  return {self_root_leaks(self_root),  self_root_leaks(self_root_v1),  delegation_leaks(),
          opener_leaks(opener_rights), opener_leaks(opener_rights_v1), release_agent_leaks()};
}

}  // namespace nsbench
