#include <cerrno>

#include "probes/mnt/leak_tables.h"
#include "probes/mnt/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value forbidden = Value::err(EPERM);

constexpr std::string_view before = "inside, the less privileged mounts it";
constexpr std::string_view after = "inside, the less privileged mounts it again";

LeakTable revealing_leaks(const Probe& probe) {
  return {&probe,
          {{before, "nested enter", ok},
           {before, "nested mount", ok},
           {"inside masks a part", "mask", ok},
           {after, "nested enter", ok},
           {after, "nested mount", forbidden, ok}},
          {}};
}

LeakTable writable_leaks() {
  return {&sysfs_too_writable,
          {{before, "nested enter", ok},
           {before, "nested mount", ok},
           {"inside remounts it read-only", "remount", ok},
           {after, "nested enter", ok},
           {after, "nested mount read-only", ok},
           {after, "nested mount writable", forbidden, ok}},
          {}};
}

}  // namespace

void add_filesystem_leaks(std::vector<LeakTable>& tables) {
  tables.push_back(revealing_leaks(proc_too_revealing));
  tables.push_back(revealing_leaks(sysfs_too_revealing));
  tables.push_back(writable_leaks());
}

}  // namespace nsbench
