#include "probes/leak_table.h"

namespace nsbench {

void Value::put(Observation& seen, std::string_view name) const {
  switch (kind) {
    case Fact::Kind::Text:
      return seen.text(name, text);
    case Fact::Kind::Number:
      return seen.number(name, number);
    case Fact::Kind::Errno:
      return seen.result(name, static_cast<int>(number));
  }
}

std::vector<LeakTable> leak_tables() {
  std::vector<LeakTable> all;
  for (const auto family : {pid_leak_tables, uts_leak_tables, mnt_leak_tables, ipc_leak_tables,
                            user_leak_tables, net_leak_tables, cgroup_leak_tables, time_leak_tables,
                            nsfs_leak_tables, calls_leak_tables, all_leak_tables}) {
    for (LeakTable& table : family()) all.push_back(std::move(table));
  }
  return all;
}

}  // namespace nsbench
