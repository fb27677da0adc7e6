#include "probes/evidence.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "probes/sandbox/files.h"

namespace nsbench {

void skip_if_unwritable(Scene& scene, const std::string& path, int err) {
  struct stat file {};
  const bool there = ::stat(path.c_str(), &file) == 0;
  if (err == ENOENT && !there && errno == ENOENT) {
    return scene.skip(SkipReason::NoFeature, "the kernel has no " + path);
  }
  if (err == EACCES && there && file.st_uid != ::geteuid()) {
    return scene.skip(SkipReason::NoPrivilege, path + " belongs to another user namespace");
  }
  struct statvfs mount {};
  if (err == EROFS && ::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0) {
    scene.skip(SkipReason::Policy, path + " is mounted read-only");
  }
}

bool skip_if_foreign_proc(Scene& scene) {
  const Result<std::string> self = read_link("/proc/self");
  if (self && *self == std::to_string(::getpid())) return false;
  scene.skip(SkipReason::Policy, "the /proc here is not the arena's own (it is masked)");
  return true;
}

}  // namespace nsbench
