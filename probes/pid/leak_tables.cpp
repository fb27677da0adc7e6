#include <cerrno>

#include "probes/leak_table.h"
#include "probes/pid/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable pid_one_leaks() {
  return {&pid_one,
          {{"inside looks", "pid", 1, 20},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "NSpid", "1", "20"},
           {"outside looks", "pid of the inside", 20},
           {"outside looks", "NSpid", "20\t1", "20"}},
          {}};
}

LeakTable parent_invisible_leaks() {
  return {&parent_invisible,
          {{"outside looks", "sid", 1},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "sid", 0, 1},
           {"inside looks", "pgid", 0, 1}},
          {}};
}

LeakTable proc_view_leaks() {
  return {&proc_view,
          {{"outside has a victim", "victims", 1},
           {"outside has a victim", "last pid", 43},
           {"outside has a victim", "ns_last_pid", "43"},
           {"inside mounts proc", "mount(proc)", ok},
           {"inside mounts proc", "getpid", 1},
           {"inside mounts proc", "self", "1"},
           {"inside mounts proc", "victims", 0, 1},
           {"inside mounts proc", "last pid", 2, 44},
           {"inside mounts proc", "ns_last_pid", "2", "44"}},
          {}};
}

}  // namespace

std::vector<LeakTable> pid_leak_tables() {
  return {
      pid_one_leaks(),
      parent_invisible_leaks(),
      proc_view_leaks(),
  };
}

}  // namespace nsbench
