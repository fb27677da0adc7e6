#include <cerrno>
#include <string>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value forbidden = Value::err(EPERM);

LeakTable listing_leaks() {
  return {&mount_listing,
          {{"inside mounts", "mount", ok},
           {"inside mounts", "statmount", ok},
           {"inside mounts", "mount point", place("by-inside")},
           {"inside mounts", "its list", "has it"},
           {"outside looks", "listmount", ok},
           {"outside looks", "statmount", no_entry, ok},
           {"outside looks", "its list", "does not have it", "has it"},
           {"inside looks", "listmount", ok},
           {"inside looks", "statmount", no_entry, ok},
           {"inside looks", "its list", "does not have it", "has it"}},
          {}};
}

LeakTable foreign_leaks() {
  constexpr std::string_view below = "inside, the less privileged looks at the outside's";
  constexpr std::string_view above = "outside looks at the inside's";
  return {&statmount_foreign,
          {{above, "statmount", ok},
           {above, "listmount", ok},
           {below, "nested enter", ok},
           {below, "nested statmount", no_entry, ok},
           {below, "nested listmount", no_entry, ok}},
          {}};
}

LeakTable walk_leaks() {
  return {&mount_namespace_walk,
          {{"inside walks", "NS_MNT_GET_INFO", ok},
           {"inside walks", "its id", "its own"},
           {"inside walks", "its mounts", "some"},
           {"inside walks", "NS_MNT_GET_NEXT", forbidden, ok},
           {"inside walks", "NS_MNT_GET_PREV", forbidden, ok}},
          {}};
}

constexpr std::string_view maps = "inside makes an idmapped mount";

LeakTable owners_leaks() {
  return {&idmapped_owners,
          {{maps, "mount_setattr", ok},
           {maps, "move_mount", ok},
           {maps, "chown", ok},
           {maps, "create", ok},
           {maps, "shows", 0, 1000},
           {maps, "new shows", 0, 65534},
           {maps, "new is", 1000, 0}},
          {}};
}

LeakTable unmapped_leaks() {
  return {&idmapped_unmapped,
          {{maps, "mount_setattr", ok},
           {maps, "move_mount", ok},
           {maps, "plain shows", 0},
           {maps, "mapped shows", 65534, 0},
           {maps, "write plain", ok},
           {maps, "write mapped", Value::err(EACCES), ok}},
          {}};
}

LeakTable privilege_leaks() {
  constexpr std::string_view nested = "inside, the less privileged makes idmapped mounts";
  return {&idmapped_privilege,
          {{"outside mounts", "mount", ok},
           {nested, "nested enter", ok},
           {nested, "nested make a map", ok},
           {nested, "nested open_tree", ok},
           {nested, "nested map one's own", ok},
           {nested, "nested map the outside's", forbidden, ok},
           {nested, "nested map it twice", forbidden, ok},
           {nested, "nested map an attached one", Value::err(EINVAL), ok}},
          {}};
}

}  // namespace

void add_listing_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(listing_leaks());
  tables.push_back(foreign_leaks());
  tables.push_back(walk_leaks());
  tables.push_back(owners_leaks());
  tables.push_back(unmapped_leaks());
  tables.push_back(privilege_leaks());
}

}  // namespace nsbench
