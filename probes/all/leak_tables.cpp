#include <algorithm>
#include <cstddef>

#include "probes/all/probes.h"
#include "probes/leak_table.h"

namespace nsbench {

// The judges are other families', and so is what they are to see.
std::vector<LeakTable> all_leak_tables() {
  std::vector<LeakTable> others;
  for (const auto family : {pid_leak_tables, uts_leak_tables, mnt_leak_tables, ipc_leak_tables,
                            user_leak_tables, net_leak_tables}) {
    for (LeakTable& table : family()) others.push_back(std::move(table));
  }
  std::vector<LeakTable> tables;
  const auto originals = probes::whole_originals();
  for (std::size_t i = 0; i < originals.size(); ++i) {
    for (const LeakTable& table : others) {
      if (table.probe != originals[i]) continue;
      tables.push_back(table);
      tables.back().probe = &probes::whole_probes()[i];
    }
  }
  return tables;
}

}  // namespace nsbench
