#include <cerrno>

#include "probes/ipc/probes.h"
#include "probes/leak_table.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable sysv_leaks(const Probe& probe) {
  const Value invalid = Value::err(EINVAL);
  return {&probe,
          {{"outside makes", "create by key", ok},
           {"inside looks", "get by key", no_entry, ok},
           {"inside looks", "stat by id", invalid, ok},
           {"inside makes", "create by key", ok},
           {"inside makes", "write", ok},
           {"outside looks", "get by key", no_entry, ok},
           {"outside looks", "stat by id", invalid, ok},
           {"sibling looks", "get by key", no_entry, ok},
           {"sibling looks", "stat by id", invalid, ok},
           {"inside takes the same key", "create with the same key", ok, Value::err(EEXIST)},
           {"outside reads its own", "value", 3, 7}},
          // Another errno is no isolation either: it is not what the kernel promises.
          {{"inside looks", "get by key", no_entry, Value::err(EACCES)},
           {"inside looks", "stat by id", invalid, Value::err(EACCES)}}};
}

LeakTable mqueue_leaks() {
  return {&mqueue,
          {{"outside makes", "create", ok},
           {"inside makes", "create", ok},
           {"inside looks", "open", no_entry, ok},
           {"outside looks", "open", no_entry, ok},
           {"sibling looks", "open", no_entry, ok},
           {"inside lists", "mount(mqueue)", ok},
           {"inside lists", "listed", "nsb-inside", "nsb-inside,nsb-outside"},
           {"outside lists", "mount(mqueue)", ok},
           {"outside lists", "listed", "nsb-outside", "nsb-inside,nsb-outside"},
           {"inside takes the same name", "create", ok, Value::err(EEXIST)}},
          {}};
}

}  // namespace

std::vector<LeakTable> ipc_leak_tables() {
  return {
      sysv_leaks(sysv_shm),
      sysv_leaks(sysv_sem),
      sysv_leaks(sysv_msg),
      mqueue_leaks(),
  };
}

}  // namespace nsbench
