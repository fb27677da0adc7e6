#include <cerrno>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value invalid = Value::err(EINVAL);
const Value no_space = Value::err(ENOSPC);

LeakTable mount_max_leaks() {
  constexpr std::string_view fills = "inside mounts as much as it can";
  return {&mount_max,
          {{"outside looks at the limit", "limit", 2000},
           {fills, "the last copy", no_space, ok},
           {fills, "one more", no_space, ok},
           {fills, "mounts", 2000, 2001},
           {"outside mounts", "mount", ok, no_space}},
          {}};
}

LeakTable fsmount_leaks() {
  return {&fsmount_view,
          {{"inside mounts", "fsmount", ok},
           {"inside mounts", "create", ok},
           {"inside mounts", "move_mount", ok},
           {"inside mounts", "reach", ok},
           {"inside copies", "open_tree", ok},
           {"inside copies", "move_mount", ok},
           {"inside copies", "reach", ok},
           {"outside looks", "reach", no_entry, ok},
           {"outside looks", "reach the copy", no_entry, ok},
           {"outside looks", "listed", "none", "private"}},
          {}};
}

LeakTable pivot_leaks() {
  constexpr std::string_view pivots = "inside, the less privileged pivots";
  return {&pivot_root_rules,
          {{"outside mounts", "mount", ok},
           {pivots, "nested enter", ok},
           {pivots, "nested mount", ok},
           {pivots, "nested pivot_root", ok},
           {pivots, "nested reach", ok},
           {pivots, "nested umount the old root", ok},
           {pivots, "nested to an inherited mount", invalid, ok},
           {pivots, "nested to what is no mount", invalid, ok},
           {pivots, "nested with the old root elsewhere", invalid, ok},
           {pivots, "nested to a shared mount", invalid, ok}},
          {}};
}

}  // namespace

void add_call_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(mount_max_leaks());
  tables.push_back(fsmount_leaks());
  tables.push_back(pivot_leaks());
}

}  // namespace nsbench
