#include "probes/mnt/leak_tables.h"

#include <cerrno>

#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

LeakTable mount_view_leaks() {
  return {&mount_view,
          {{"inside mounts", "mount", ok},
           {"inside mounts", "listed by-inside", 1},
           {"inside mounts", "access by-inside", ok},
           {"outside looks", "listed by-inside", 0, 1},
           {"outside looks", "access by-inside", no_entry, ok},
           {"sibling looks", "listed by-inside", 0, 1},
           {"sibling looks", "access by-inside", no_entry, ok},
           {"inside looks", "listed by-outside", 0, 1},
           {"inside looks", "access by-outside", no_entry, ok}},
          {}};
}

LeakTable umount_view_leaks() {
  return {&umount_view,
          {{"inside is born", "access first", ok},
           {"inside unmounts", "umount", ok},
           {"outside unmounts", "umount", ok},
           {"outside looks", "listed first", 1, 0},
           {"outside looks", "access first", ok, no_entry},
           {"inside looks", "access second", ok, no_entry}},
          {}};
}

LeakTable pivot_root_leaks() {
  return {&pivot_root,
          {{"outside looks first", "root device:inode", "1:2"},
           {"inside pivots", "pivot_root", ok},
           {"inside pivots", "access(/nsb-mark)", ok},
           {"outside looks", "access(/nsb-mark)", no_entry, ok},
           {"outside looks", "root device:inode", "1:2", "50:1"}},
          {}};
}

}  // namespace

std::vector<LeakTable> mnt_leak_tables() {
  std::vector<LeakTable> tables{mount_view_leaks(), umount_view_leaks(), pivot_root_leaks()};
  add_propagation_leaks(tables);
  add_locked_leaks(tables);
  add_filesystem_leaks(tables);
  add_foreign_leaks(tables);
  add_file_leaks(tables);
  add_listing_leaks(tables);
  add_call_leaks(tables);
  return tables;
}

}  // namespace nsbench
