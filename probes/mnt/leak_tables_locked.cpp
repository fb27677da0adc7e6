#include <cerrno>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value invalid = Value::err(EINVAL);
const Value forbidden = Value::err(EPERM);
constexpr std::string_view tries = "inside, the less privileged tries";

LeakTable mounts_leaks() {
  return {&locked_mounts,
          {{"outside mounts over files", "covered", 4},
           {tries, "nested enter", ok},
           {tries, "nested reach", ok},
           {tries, "nested mount one's own", ok},
           {tries, "nested unmount one's own", ok},
           {tries, "nested umount", invalid, ok},
           {tries, "nested umount shows", no_entry, ok},
           {tries, "nested detach", invalid, ok},
           {tries, "nested detach shows", no_entry, ok},
           {tries, "nested move", invalid, ok},
           {tries, "nested move shows", no_entry, ok},
           {tries, "nested bind", invalid, ok},
           {tries, "nested bind shows", no_entry, ok}},
          {}};
}

LeakTable detached_leaks() {
  return {&locked_detached,
          {{tries, "nested enter", ok},
           {tries, "nested bind all", ok},
           {tries, "nested open the copy", ok},
           {tries, "nested detach the copy", ok},
           {tries, "nested reach the top", ok},
           {tries, "nested show", no_entry, ok}},
          {}};
}

LeakTable unit_leaks() {
  constexpr std::string_view gets = "inside, the less privileged gets a tree";
  return {&locked_unit,
          {{gets, "make it shared", ok},
           {gets, "nested enter", ok},
           {gets, "nested inside binds", ok},
           {gets, "nested reach", ok},
           {gets, "nested umount all", ok},
           {gets, "nested umount", invalid, ok},
           {gets, "nested show", no_entry, ok}},
          {}};
}

LeakTable new_calls_leaks() {
  return {&locked_new_calls,
          {{tries, "nested enter", ok},
           {tries, "nested open_tree of all", ok},
           {tries, "nested reach in it", ok},
           {tries, "nested move_mount", invalid, ok},
           {tries, "nested move_mount shows", no_entry, ok},
           {tries, "nested open_tree", invalid, ok},
           {tries, "nested open_tree shows", 0, 1}},
          {}};
}

LeakTable flags_leaks(const Probe& probe) {
  LeakTable table{
      &probe, {{"outside mounts with flags", "mounted", 6}, {tries, "nested enter", ok}}, {}};
  // By name, since the facts keep views of it.
  table.facts.insert(table.facts.end(), {{tries, "nested keep ro", ok},
                                         {tries, "nested keep nosuid", ok},
                                         {tries, "nested keep nodev", ok},
                                         {tries, "nested keep noexec", ok},
                                         {tries, "nested keep noatime", ok},
                                         {tries, "nested keep relatime", ok}});
  for (const char* clear :
       {"nested clear ro", "nested clear nosuid", "nested clear nodev", "nested clear noexec",
        "nested clear noatime", "nested clear relatime"}) {
    table.facts.emplace_back(tries, clear, forbidden, ok);
  }
  for (const char* flag :
       {"nested ro afterwards", "nested nosuid afterwards", "nested nodev afterwards",
        "nested noexec afterwards", "nested noatime afterwards", "nested relatime afterwards"}) {
    table.facts.emplace_back(tries, flag, "set", "cleared");
  }
  return table;
}

LeakTable flags_copy_leaks() {
  return {&locked_flags_copy,
          {{tries, "nested enter", ok},
           {tries, "nested bind", ok},
           {tries, "nested keep ro", ok},
           {tries, "nested mount one's own", ok},
           {tries, "nested reconfigure one's own", ok},
           {tries, "nested clear ro", forbidden, ok},
           {tries, "nested write", Value::err(EROFS), ok},
           {tries, "nested reconfigure", forbidden, ok}},
          {}};
}

}  // namespace

void add_locked_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(mounts_leaks());
  tables.push_back(detached_leaks());
  tables.push_back(unit_leaks());
  tables.push_back(new_calls_leaks());
  tables.push_back(flags_leaks(locked_flags_remount));
  tables.push_back(flags_leaks(locked_flags_setattr));
  tables.push_back(flags_copy_leaks());
}

}  // namespace nsbench
