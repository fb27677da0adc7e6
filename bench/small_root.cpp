#include "bench/small_root.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "bench/held.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::bench {
namespace {

std::vector<std::string> mount_points() {
  std::vector<std::string> points;
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  for (MountInfo& mount : parse_mountinfo(text ? *text : "")) {
    points.push_back(std::move(mount.point));
  }
  return points;
}

// An initramfs can't be pivoted away from (pivot_root(2)): the new root is moved over it, and what
// was mounted beside it goes before.
Status cover_root(const std::string& root) {
  const std::vector<std::string> points = mount_points();
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (*point != "/" && *point != root) ::umount2(point->c_str(), MNT_DETACH);
  }
  if (::chdir(root.c_str()) != 0) return Error::last("chdir(new root)");
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return Error::last("mount(MS_MOVE)");
  ::umount2(root.c_str(), MNT_DETACH);  // the arena's tmpfs, which was below
  if (::chroot(".") != 0) return Error::last("chroot(.)");
  return {};
}

Status replace_root(const std::string& root) {
  if (::chdir(root.c_str()) != 0) return Error::last("chdir(new root)");
  if (::syscall(SYS_pivot_root, ".", ".") != 0) {
    if (errno == EINVAL) return cover_root(root);
    return Error::last("pivot_root(., .)");
  }
  // The old root is stacked on the new one (pivot_root(2), "pivot_root(".", ".")").
  if (::umount2(".", MNT_DETACH) != 0) return Error::last("umount2(old root)");
  return {};
}

Status enter_own_mounts() {
  if (calls::unshare(row(Kind::Mnt).flag) != 0) return Error::last("unshare(CLONE_NEWNS)");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Error::last("mount(/, MS_REC|MS_PRIVATE)");
  }
  return {};
}

}  // namespace

Status keep_one_mount(std::size_t more) {
  const std::string root = scratch_dir();
  if (::mount("nsbench", root.c_str(), "tmpfs", MS_NOSUID, "mode=0755,size=16m") != 0) {
    return Error::last("mount(tmpfs, new root)");
  }
  if (Status s = replace_root(root); !s) return s;
  if (::chdir("/") != 0) return Error::last("chdir(/)");
  for (std::size_t i = 0; i < more; ++i) {
    const std::string point = fmt::format("/{}", i);
    if (::mkdir(point.c_str(), 0755) != 0) return Error::last("mkdir(mount point)");
    if (::mount(point.c_str(), point.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return Error::last("mount(MS_BIND)");
    }
  }
  return {};
}

Result<Fd> small_mount_namespace(std::size_t more) {
  return descriptor_made_by_child(Kind::Mnt, [more] {
    Status made = enter_own_mounts();
    return made ? keep_one_mount(more) : made;
  });
}

}  // namespace nsbench::bench
