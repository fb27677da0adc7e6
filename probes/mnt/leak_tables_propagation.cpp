#include <cerrno>
#include <span>
#include <string>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"
#include "probes/mnt/propagation_tables.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable shared_leaks() {
  return {&propagation_shared,
          {{"outside shares", "make it shared", ok},
           {"inside mounts", "mount", ok},
           {"outside looks", "reach", ok},
           {"inside looks", "reach", ok},
           {"inside unmounts", "umount", ok},
           {"outside misses it", "reach", no_entry},
           {"inside makes it private", "make it private", ok},
           {"outside looks again", "mount", ok},
           {"outside looks again", "type", "shared", "private"},
           {"outside looks again", "reach", no_entry, ok},
           {"inside looks again", "reach", no_entry, ok}},
          {{"outside looks", "reach", ok, no_entry}}};
}

LeakTable slave_leaks() {
  return {&propagation_slave,
          {{"inside makes it a slave", "make it a slave", ok},
           {"inside makes it a slave", "mount", ok},
           {"outside mounts", "mount", ok},
           {"inside looks", "reach", ok},
           {"inside looks", "reach the other", ok},
           {"inside looks", "umount", ok},
           {"outside looks again", "umount", ok},
           {"inside misses it", "reach", no_entry},
           {"inside makes it shared", "make it shared", ok},
           {"outside looks", "reach", no_entry, ok},
           {"outside looks again", "reach", ok, no_entry},
           {"inside makes it shared", "type", "slave and shared", "shared"},
           {"outside looks at last", "reach", no_entry, ok}},
          {{"inside misses it", "reach", no_entry, ok}}};
}

LeakTable recursive_leaks() {
  return {&propagation_recursive,
          {{"outside shares a tree", "type", "shared"},
           {"outside shares a tree", "type below", "shared"},
           {"inside makes the top a slave", "make the top a slave", ok},
           {"inside makes the top a slave", "mount at the top", ok},
           {"inside makes the top a slave", "mount below", ok},
           {"outside looks", "reach below", ok},
           {"inside makes all slaves", "make all slaves", ok},
           {"inside makes all slaves", "mount below", ok},
           {"outside looks", "reach at the top", no_entry, ok},
           {"outside looks again", "reach below", no_entry, ok},
           {"outside looks again", "type below", "shared", "private"}},
          {{"outside shares a tree", "type below", "shared", "private"}}};
}

LeakTable userns_leaks() {
  constexpr std::string_view nested = "inside, the less privileged mounts";
  LeakTable table{&propagation_userns,
                  {{"outside shares", "peers", "7"},
                   {nested, "nested master", "7", "none"},
                   {nested, "nested reach", ok},
                   {"outside looks", "reach a", no_entry, ok},
                   {nested, "nested type once shared", "slave and shared", "shared"},
                   {"outside looks", "reach c", no_entry, ok},
                   {"outside looks", "reach d", no_entry, ok}},
                  {}};
  for (const char* step :
       {"nested enter", "nested mount", "nested inside mounts", "nested make it shared",
        "nested mount once shared", "nested make it private", "nested make it shared again",
        "nested mount once shared again"}) {
    table.facts.emplace_back(nested, step, ok);
  }
  return table;
}

// Each cell fails where the mount ends up as another type.
LeakTable cell_leaks(const Probe& probe, std::string_view act,
                     std::span<const PropagationCell> cells) {
  LeakTable table{&probe, {{act, "arrange", ok}}, {}};
  for (const PropagationCell& cell : cells) {
    const std::string wrong(cell.after == "private" ? "shared" : "private");
    table.facts.emplace_back(act, cell.name, std::string(cell.after), wrong);
  }
  return table;
}

LeakTable unbindable_leaks() {
  constexpr std::string_view act = "inside binds it";
  return {&propagation_unbindable,
          {{act, "make it unbindable", ok},
           {act, "reach it", ok},
           {act, "bind the tree", ok},
           {act, "reach the copy below", ok},
           {act, "bind it", Value::err(EINVAL), ok},
           {act, "reach the unbindable copy", no_entry, ok}},
          {{act, "reach the copy below", ok, no_entry}}};
}

}  // namespace

void add_propagation_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(shared_leaks());
  tables.push_back(slave_leaks());
  tables.push_back(recursive_leaks());
  tables.push_back(userns_leaks());
  tables.push_back(cell_leaks(propagation_changes, "inside changes types", transition_cells));
  tables.push_back(cell_leaks(propagation_bind, "inside binds", bind_cells));
  tables.push_back(cell_leaks(propagation_move, "inside moves", move_cells));
  tables.push_back(unbindable_leaks());
}

}  // namespace nsbench
