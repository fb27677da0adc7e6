#include "probes/sandbox/masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench {
namespace {

// Directories that are made to be mounted on and have nothing to uncover
// (proc_create_mount_point(), register_sysctl_mount_point(), sysfs_create_mount_point()); below the
// file system's root.
constexpr std::array empty_places{"/fs/nfsd",
                                  "/sys/fs/binfmt_misc",
                                  "/openprom",
                                  "/firmware/efi/efivars",
                                  "/fs/bpf",
                                  "/fs/cgroup",
                                  "/fs/fuse/connections",
                                  "/fs/pstore",
                                  "/fs/selinux",
                                  "/fs/smackfs",
                                  "/hypervisor/s390",
                                  "/kernel/config",
                                  "/kernel/debug",
                                  "/kernel/security",
                                  "/kernel/tracing"};

bool is_read_only(const MountInfo& mount) {
  const auto first = [](const std::string& options) {
    return options.substr(0, options.find(','));
  };
  return first(mount.options) == "ro" || first(mount.super_options) == "ro";
}

// What stands in the way of a fresh mount of such a file system; empty where one that is there
// already shows all of it.
std::string mask_of(const std::vector<MountInfo>& mounts, std::string_view type) {
  std::string mask;
  for (const MountInfo& one : mounts) {
    if (one.type != type || one.root != "/") continue;
    std::string in_the_way = is_read_only(one) ? one.point + " is read-only" : "";
    for (const MountInfo& other : mounts) {
      if (other.parent != one.id || !other.point.starts_with(one.point)) continue;
      const std::string_view place = std::string_view(other.point).substr(one.point.size());
      const bool is_empty =
          std::find(empty_places.begin(), empty_places.end(), place) != empty_places.end();
      if (!is_empty) in_the_way = other.point + " is mounted over";
    }
    if (in_the_way.empty()) return "";
    mask = in_the_way;
  }
  return mask;
}

}  // namespace

Masks Masks::of(std::string_view mountinfo) {
  const std::vector<MountInfo> mounts = parse_mountinfo(mountinfo);
  Masks masks{.proc = mask_of(mounts, "proc"), .sys = mask_of(mounts, "sysfs")};
  // The last mount on a place is the one that is seen.
  for (const MountInfo& mount : mounts) {
    if (mount.point == "/proc" || mount.point == "/proc/sys") {
      masks.proc_sys_read_only = is_read_only(mount);
    }
  }
  return masks;
}

const Masks& Masks::here() {
  static const Masks masks = [] {
    const Result<std::string> mountinfo = read_small_file("/proc/self/mountinfo");
    return mountinfo ? of(*mountinfo) : Masks();
  }();
  return masks;
}

}  // namespace nsbench
