#include <cerrno>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value forbidden = Value::err(EPERM);
const Value invalid = Value::err(EINVAL);

constexpr std::string_view opens = "outside opens a mount";
constexpr std::string_view tries = "inside tries with the descriptor";

LeakTable foreign_mount_leaks() {
  return {&foreign_mount,
          {{opens, "open", ok},
           {tries, "reach", ok},
           {tries, "bind", invalid, ok},
           {tries, "mount below", invalid, ok},
           {tries, "remount", invalid, ok},
           {tries, "move", invalid, ok},
           {tries, "umount", invalid, ok}},
          {}};
}

LeakTable foreign_tree_leaks() {
  return {&foreign_tree,
          {{opens, "open", ok},
           {tries, "open_tree without a clone", ok},
           {tries, "open_tree", invalid, ok},
           {tries, "move_mount", invalid, ok}},
          {}};
}

LeakTable foreign_setattr_leaks() {
  return {&foreign_setattr,
          {{opens, "open", ok},
           {tries, "mount_setattr on one's own", ok},
           {tries, "mount_setattr", invalid, ok},
           {"outside writes", "write", ok, Value::err(EROFS)}},
          {}};
}

LeakTable foreign_propagation_leaks() {
  return {&foreign_propagation,
          {{opens, "open", ok},
           {tries, "nested enter", ok},
           {tries, "nested make one's own private", ok},
           {tries, "nested make it private", forbidden, ok},
           {"outside looks", "type", "shared", "private"}},
          {}};
}

LeakTable foreign_overlay_leaks() {
  return {&foreign_overlay,
          {{opens, "open", ok},
           {tries, "nested enter", ok},
           {tries, "nested over one's own", ok},
           {tries, "nested over the outside's", invalid, ok}},
          {}};
}

LeakTable setns_leaks() {
  constexpr std::string_view joins = "outside joins the inside";
  return {&setns_mnt,
          {{"inside mounts", "mount", ok},
           {joins, "setns", ok},
           {joins, "reach", ok},
           {joins, "afterwards", ok},
           {joins, "chroot", ok},
           {joins, "without CAP_SYS_ADMIN", forbidden, ok},
           {joins, "without CAP_SYS_CHROOT", forbidden, ok},
           {joins, "with a shared fs_struct", invalid, ok},
           {joins, "root at first", "1:2"},
           {joins, "root", "1:2", "9:8"},
           {joins, "working directory", "1:2", "9:7"}},
          {}};
}

LeakTable loop_leaks() {
  return {&ns_file_loop,
          {{"outside binds", "bind another kind", ok},
           {"outside binds", "bind the inside's", ok, invalid},
           {"outside binds", "bind one's own", invalid},
           {"inside binds", "bind the outside's", invalid}},
          {{"outside binds", "bind one's own", invalid, ok},
           {"inside binds", "bind the outside's", invalid, ok}}};
}

LeakTable failed_unshare_leaks() {
  constexpr std::string_view fails = "inside, an unshare fails half-way";
  return {&failed_unshare,
          {{fails, "nested enter", ok},
           {fails, "nested mount before", ok},
           {fails, "nested set the limit", ok},
           {fails, "nested unshare one", ok},
           {fails, "nested unshare both", Value::err(ENOSPC), ok},
           {fails, "nested mount below the working directory", ok, invalid},
           {fails, "nested mount by an absolute path", ok, invalid},
           {fails, "nested listed", 1, 0}},
          {}};
}

LeakTable privilege_leaks() {
  constexpr std::string_view nested = "inside, root of a user namespace tries";
  return {&mount_privilege,
          {{"outside mounts", "mount", ok},
           {nested, "nested enter", ok},
           {nested, "nested reach", ok},
           {nested, "nested mount", forbidden, ok},
           {nested, "nested bind", forbidden, ok},
           {nested, "nested change the type", forbidden, ok},
           {nested, "nested remount", forbidden, ok},
           {nested, "nested umount", forbidden, ok}},
          {}};
}

LeakTable privilege_new_calls_leaks() {
  constexpr std::string_view nested = "inside, root of a user namespace tries";
  return {&mount_privilege_new_calls,
          {{nested, "nested enter", ok},
           {nested, "nested open_tree without a clone", ok},
           {nested, "nested open_tree", forbidden, ok},
           {nested, "nested fsopen", forbidden, ok},
           {nested, "nested move_mount", forbidden, ok}},
          {}};
}

}  // namespace

void add_foreign_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(foreign_mount_leaks());
  tables.push_back(foreign_tree_leaks());
  tables.push_back(foreign_setattr_leaks());
  tables.push_back(foreign_propagation_leaks());
  tables.push_back(foreign_overlay_leaks());
  tables.push_back(setns_leaks());
  tables.push_back(loop_leaks());
  tables.push_back(failed_unshare_leaks());
  tables.push_back(privilege_leaks());
  tables.push_back(privilege_new_calls_leaks());
}

}  // namespace nsbench
