#include <fmt/format.h>

#include <cerrno>

#include "probes/leak_table.h"
#include "probes/nsfs/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable identity_leaks(const Probe& probe) {
  LeakTable table{&probe, {}, {}};
  for (const KindRow& kind : all_kinds) {
    const auto link = [&kind](int inode) { return fmt::format("{}:[{}]", kind.name, inode); };
    const bool own = kind.name == probe.family;
    table.facts.emplace_back("outside looks", kind.name, link(1));
    table.facts.emplace_back("inside looks", kind.name, link(own ? 2 : 1), link(1));
    if (!own) continue;
    table.facts.emplace_back("inside looks", fmt::format("child's {}", kind.name), link(2),
                             link(1));
    table.facts.emplace_back("sibling looks", kind.name, link(3), link(1));
    table.further_leaks.emplace_back("sibling looks", kind.name, link(3), link(2));
  }
  return table;
}

}  // namespace

std::vector<LeakTable> nsfs_leak_tables() {
  std::vector<LeakTable> tables;
  for (const Probe* probe : {&pid_identity, &uts_identity, &mnt_identity, &ipc_identity,
                             &user_identity, &net_identity, &cgroup_identity, &time_identity}) {
    tables.push_back(identity_leaks(*probe));
  }
  return tables;
}

}  // namespace nsbench
