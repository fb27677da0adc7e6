#include <cerrno>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value forbidden = Value::err(EPERM);

LeakTable dotdot_leaks() {
  constexpr std::string_view climbs = "inside climbs";
  return {&dotdot,
          {{"outside binds a directory", "bind", ok},
           {"inside goes into it", "chdir", ok},
           {"inside goes into it", "..", ok},
           {"inside goes into it", "../public", ok},
           {"outside renames it out of the mount", "rename", ok},
           {climbs, ".", ok},
           {climbs, "..", no_entry, ok},
           {climbs, "../secret", no_entry, ok},
           {climbs, "working directory", "(unreachable)/all/below", "/all/below"}},
          {}};
}

constexpr std::string_view runs = "outside runs both programs";

LeakTable file_caps_leaks() {
  return {&file_caps_foreign,
          {{"outside makes a program", "grant", ok},
           {"inside makes a program", "grant", ok},
           {runs, "execve one's own", ok},
           {runs, "one's own gives", "0000000000000001"},
           {runs, "execve the inside's", ok},
           {runs, "the inside's gives", "0000000000000000", "0000000000000001"}},
          {}};
}

LeakTable setuid_leaks() {
  return {&setuid_foreign,
          {{"outside makes a program", "chmod", ok},
           {"inside makes a program", "chmod", ok},
           {runs, "execve one's own", ok},
           {runs, "one's own gives", "0"},
           {runs, "execve the inside's", ok},
           {runs, "the inside's gives", "65534", "0"}},
          {}};
}

LeakTable file_caps_owner_leaks() {
  constexpr std::string_view attached = "inside, a mount of the less privileged is attached";
  return {&file_caps_foreign_owner,
          {{attached, "nested enter", ok},
           {attached, "nested grant", ok},
           {attached, "move_mount", ok},
           {attached, "execve the given", ok},
           {attached, "the given gives", "0000000000000000", "0000000000000001"}},
          {}};
}

constexpr std::string_view makes = "inside, the less privileged makes nodes";

LeakTable nodes_leaks(const Probe& probe, std::string_view legal) {
  return {&probe,
          {{makes, "nested enter", ok},
           {makes, "nested mount", ok},
           {makes, legal, ok},
           {makes, "nested mknod null", forbidden, ok},
           {makes, "nested mknod block", forbidden, ok}},
          {}};
}

LeakTable device_open_leaks() {
  constexpr std::string_view opens = "inside makes the device on both";
  return {&device_open,
          {{opens, "nested enter", ok},
           {opens, "nested mount", ok},
           {opens, "mknod on one's own", ok},
           {opens, "open on one's own", ok},
           {opens, "mknod on the other's", ok},
           {opens, "open on the other's", Value::err(EACCES), ok}},
          {}};
}

LeakTable types_leaks() {
  constexpr std::string_view mounts = "inside, the less privileged mounts";
  return {&mount_types,
          {{mounts, "nested enter", ok},
           {mounts, "nested mount tmpfs", ok},
           {mounts, "nested mount it", forbidden, ok}},
          {}};
}

}  // namespace

void add_file_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(dotdot_leaks());
  tables.push_back(file_caps_leaks());
  tables.push_back(setuid_leaks());
  tables.push_back(file_caps_owner_leaks());
  tables.push_back(nodes_leaks(device_nodes, "nested mknod fifo"));
  tables.push_back(nodes_leaks(device_whiteout, "nested mknod whiteout"));
  tables.push_back(device_open_leaks());
  tables.push_back(types_leaks());
}

}  // namespace nsbench
