// user: an overlay mounted inside gives nobody more than the layers themselves.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

std::string at(std::string_view path) { return fmt::format("{}/{}", scratch_dir(), path); }

bool make_file(const std::string& path, uid_t owner, mode_t mode) {
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
  return file.valid() && ::write(file.get(), "lower", 5) == 5 &&
         ::fchown(file.get(), owner, owner) == 0 && ::fchmod(file.get(), mode) == 0;
}

// A lower layer with files of the outside's and of somebody. Nothing is tried where overlay is a
// module that is not loaded, since the mount would load it.
void make_layers(Scene& scene) {
  if (!ids_are_mapped(scene, somebody)) return;
  const Result<std::string> known = read_small_file("/proc/filesystems");
  if (!known || known->find("\toverlay\n") == std::string::npos) {
    return scene.skip(SkipReason::NoModule, "overlay is not in /proc/filesystems");
  }
  bool made = true;
  for (const char* dir : {"lower", "lower/closed", "upper", "work", "merged"}) {
    made = made && ::mkdir(at(dir).c_str(), 0755) == 0;
  }
  made = made && make_file(at("lower/mine"), 0, 0644) && make_file(at("lower/mine2"), 0, 0644) &&
         make_file(at("lower/secret"), somebody, 0600) &&
         make_file(at("lower/theirs"), somebody, 0666) &&
         make_file(at("lower/closed/file"), somebody, 0644) &&
         ::chown(at("lower/closed").c_str(), somebody, somebody) == 0 &&
         ::chmod(at("lower/closed").c_str(), 0700) == 0;
  if (!made) scene.broken("make the layers: " + errno_name(errno));
}

int open_errno(std::string_view path, int flags) {
  return as_errno(Fd(::open(at(path).c_str(), flags | O_CLOEXEC)).get());
}

void use_overlay(Observation& seen) {
  const std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={}", at("lower"), at("upper"), at("work"));
  seen.call("mount", ::mount("nsbench", at("merged").c_str(), "overlay", 0, options.c_str()));
  seen.result("read mine", open_errno("merged/mine", O_RDONLY));
  seen.result("read secret", open_errno("merged/secret", O_RDONLY));
  seen.result("read closed", open_errno("merged/closed/file", O_RDONLY));
  seen.result("read theirs", open_errno("merged/theirs", O_RDONLY));
  seen.result("write mine", open_errno("merged/mine", O_WRONLY));
  seen.result("write theirs", open_errno("merged/theirs", O_WRONLY));
  seen.call("chmod secret", ::chmod(at("merged/secret").c_str(), 0644));
  seen.call("chown mine", ::chown(at("merged/mine2").c_str(), ::geteuid(), ::getegid()));
}

void look_at_upper(Scene& scene) {
  struct stat info {};
  scene.seen.call("mine", ::lstat(at("upper/mine").c_str(), &info));
  scene.seen.call("theirs", ::lstat(at("upper/theirs").c_str(), &info));
  scene.seen.call("secret", ::lstat(at("upper/secret").c_str(), &info));
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes layers", make_layers},
    Act{Side::Inside, "inside uses an overlay", [](Scene& s) { use_overlay(s.seen); }},
    Act{Side::Outside, "outside looks at the upper layer", look_at_upper},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside uses an overlay");
  const Observation& upper = t.at("outside looks at the upper layer");
  j.works_errno("an overlay can be mounted inside", seen.errno_of("mount"));
  j.works_errno("a file of a mapped owner can be read", seen.errno_of("read mine"));
  j.works_errno("a file that all may read can be read", seen.errno_of("read theirs"));
  j.works_errno("a file of a mapped owner is copied up", seen.errno_of("write mine"));
  j.works_errno("it is in the upper layer then", upper.errno_of("mine"));
  j.works_errno("its owner can be set", seen.errno_of("chown mine"));
  j.isolated_errno("a file that the mounter may not read is not read", EACCES,
                   seen.errno_of("read secret"));
  j.isolated_errno("nor one in a directory that he may not search", EACCES,
                   seen.errno_of("read closed"));
  j.isolated_errno("nor is its mode changed", EPERM, seen.errno_of("chmod secret"));
  j.isolated_errno("it does not get into the upper layer", ENOENT, upper.errno_of("secret"));
  j.isolated_errno("a file of an owner that is not mapped is not copied up", EOVERFLOW,
                   seen.errno_of("write theirs"));
  j.isolated_errno("nor does that one get into the upper layer", ENOENT, upper.errno_of("theirs"));
  return j;
}

}  // namespace

constinit const Probe overlay_userns{
    .family = "user",
    .name = "overlay_userns",
    .sentence = "an overlay mounted inside reads and copies up no more than its mounter could",
    .source =
        "CVE-2020-16120 (fixed in 5.8), CVE-2023-0386 (fixed in 6.1.9 and 6.2); "
        "fs/overlayfs/copy_up.c ovl_copy_up_one(), fs/overlayfs/file.c ovl_open_realfile()",
    .first_kernel = "5.11",
    .namespaces = {Kind::User, Kind::Mnt},
    .ways = all_ways,
    .privileges = root_only,  // an unprivileged process can't make the files of somebody else
    .acts = acts,
    .judge = judge,
    .why =
        "Rootless containers build their images on overlays. The kernel then reads and writes the "
        "layers itself, with the mounter's rights. In CVE-2023-0386 a set-user-ID file of an "
        "owner that was not mapped was copied up and became root's.",
    .failure =
        "An unprivileged user reads files that he may not read, or makes set-user-ID files of "
        "root.",
    .by_hand =
        "cd $(mktemp -d); mkdir l u w m; echo s >l/secret; chmod 600 l/secret; chown 4711 "
        "l/secret; chmod 755 .\n"
        "unshare --user --map-root-user --mount sh -c 'mount -t overlay -o "
        "lowerdir=l,upperdir=u,workdir=w none m; cat m/secret; touch m/new; ls -ln m'",
};

}  // namespace nsbench::probes
