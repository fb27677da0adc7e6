#include <cerrno>

#include "probes/leak_table.h"
#include "probes/uts/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable hostname_leaks() {
  return {&hostname,
          {{"inside renames", "sethostname", ok},
           {"inside renames", "nodename", "nsb-inside"},
           {"inside renames", "gethostname's", "nsb-inside"},
           {"inside renames", "kernel.hostname", "nsb-inside"},
           {"outside looks", "nodename", "nsb-outside", "nsb-inside"},
           {"outside looks", "kernel.hostname", "nsb-outside", "nsb-inside"},
           {"sibling looks", "nodename", "nsb-sibling", "nsb-inside"},
           {"inside looks", "nodename", "nsb-inside", "nsb-renamed"}},
          {}};
}

LeakTable hostname_sysctl_leaks() {
  return {&hostname_sysctl,
          {{"inside writes", "write kernel.hostname", ok},
           {"inside writes", "nodename", "nsb-inside"},
           {"outside looks", "nodename", "nsb-outside", "nsb-inside"},
           {"inside looks", "kernel.hostname", "nsb-inside", "nsb-again"}},
          {}};
}

}  // namespace

std::vector<LeakTable> uts_leak_tables() {
  return {
      hostname_leaks(),
      hostname_sysctl_leaks(),
  };
}

}  // namespace nsbench
