// mnt: mounts made by the calls of Linux 5.2 stay on their side as well.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

int attach(const Fd& mount, const std::string& path) {
  return static_cast<int>(
      ::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
}

// A tmpfs with a file on it that is attached when the file is there already.
void mount_new(Scene& scene) {
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  scene.seen.call("fsopen", context.get());
  scene.seen.call("fsconfig",
                  ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
  const Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  scene.seen.call("fsmount", mount.get());
  const Fd file(::openat(mount.get(), "on-the-mount", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  scene.seen.call("create", file.get());
  scene.seen.call("move_mount", attach(mount, make_dir("new")));
  scene.seen.call("reach", reach("new"));
}

void copy_tree(Scene& scene) {
  const Fd copy(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, place("new").c_str(), OPEN_TREE_CLONE | O_CLOEXEC)));
  scene.seen.call("open_tree", copy.get());
  scene.seen.call("move_mount", attach(copy, make_dir("copy")));
  scene.seen.call("reach", reach("copy"));
}

constexpr std::array acts{
    Act{Side::Inside, "inside mounts", mount_new},
    Act{Side::Inside, "inside copies", copy_tree},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          s.seen.call("reach", reach("new"));
          s.seen.call("reach the copy", reach("copy"));
          s.seen.text("listed", propagation_at("new"));
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& mounts = t.at("inside mounts");
  const Observation& copies = t.at("inside copies");
  j.works_errno("fsmount makes a mount inside", mounts.errno_of("fsmount"));
  j.works_errno("which is written before it is anywhere", mounts.errno_of("create"));
  j.works_errno("move_mount attaches it", mounts.errno_of("move_mount"));
  j.works_errno("where the inside reaches it", mounts.errno_of("reach"));
  j.works_errno("open_tree copies it", copies.errno_of("open_tree"));
  j.works_errno("move_mount attaches the copy", copies.errno_of("move_mount"));
  j.works_errno("where the inside reaches that", copies.errno_of("reach"));
  j.isolated_errno("the outside does not reach the new mount", ENOENT,
                   t.at("outside looks").errno_of("reach"));
  j.isolated_errno("nor its copy", ENOENT, t.at("outside looks").errno_of("reach the copy"));
  j.isolated_equal("nor is it listed there", "none", t.at("outside looks").text_of("listed"));
  return j;
}

}  // namespace

constinit const Probe fsmount_view{
    .family = "mnt",
    .name = "fsmount_view",
    .sentence = "a mount made by fsmount or open_tree is on the side that attached it only",
    .source =
        "fsmount(2), open_tree(2), move_mount(2), mount_namespaces(7); fs/namespace.c "
        "do_move_mount()",
    .first_kernel = "5.2",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "mount(8), systemd and container run times use these calls where they are. A mount is "
        "then first made and later attached, in two namespaces if so wanted.",
    .failure = "What a container mounts with the new calls shows up on the host.",
    .by_hand =
        "# mount(8) of util-linux 2.39 and later uses the calls\n"
        "unshare -m sh -c 'mount -t tmpfs none /mnt; grep -c \" /mnt \" "
        "/proc/self/mountinfo'   # 1\n"
        "grep -c \" /mnt \" /proc/self/mountinfo                                    # 0",
};

}  // namespace nsbench::probes
