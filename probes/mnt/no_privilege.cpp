// mnt: mounts belong to the user namespace that owns their mount namespace.
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

constexpr std::string_view nested_tries = "inside, root of a user namespace tries";

void make_mounts(Scene& scene) {
  scene.seen.call("mount", mount_at("theirs"));
  make_dir("spot");
  make_dir("other-spot");
}

void try_all(Observation& seen) {
  seen.call("reach", reach("theirs"));
  seen.call("mount", mount_tmpfs(place("spot")));
  seen.call("bind", mount_bind(place("theirs"), place("other-spot")));
  seen.call("change the type", set_propagation(place("theirs"), MS_SHARED));
  seen.call("remount", ::mount(nullptr, place("theirs").c_str(), nullptr,
                               MS_REMOUNT | MS_BIND | MS_NOEXEC, nullptr));
  seen.call("umount", ::umount2(place("theirs").c_str(), MNT_DETACH));
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts", make_mounts},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_user_namespace(s, try_all); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_errno("the owner can mount", t.at("outside mounts").errno_of("mount"));
  j.works_errno("a user namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("the mount is seen there", seen.errno_of("nested reach"));
  j.isolated_errno("root there can't mount", EPERM, seen.errno_of("nested mount"));
  j.isolated_errno("nor bind", EPERM, seen.errno_of("nested bind"));
  j.isolated_errno("nor change a propagation type", EPERM, seen.errno_of("nested change the type"));
  j.isolated_errno("nor remount", EPERM, seen.errno_of("nested remount"));
  j.isolated_errno("nor unmount", EPERM, seen.errno_of("nested umount"));
  return j;
}

namespace new_calls {

void try_all(Observation& seen) {
  const std::string path = place("theirs");
  const std::string to = place("spot");
  const Fd copy(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | O_CLOEXEC)));
  seen.call("open_tree", copy.get());
  const Fd same(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), O_CLOEXEC)));
  seen.call("open_tree without a clone", same.get());
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  seen.call("fsopen", context.get());
  seen.call("move_mount",
            ::syscall(SYS_move_mount, AT_FDCWD, path.c_str(), AT_FDCWD, to.c_str(), 0));
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts", make_mounts},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_user_namespace(s, try_all); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_errno("a user namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("open_tree opens a mount there", seen.errno_of("nested open_tree without a clone"));
  j.isolated_errno("root there can't clone a mount with open_tree", EPERM,
                   seen.errno_of("nested open_tree"));
  j.isolated_errno("nor fsopen a file system", EPERM, seen.errno_of("nested fsopen"));
  j.isolated_errno("nor move_mount", EPERM, seen.errno_of("nested move_mount"));
  return j;
}

}  // namespace new_calls

constexpr Probe unprivileged_probe(std::string_view name, std::string_view sentence,
                                   std::string_view source, std::string_view first_kernel,
                                   std::span<const Act> acts,
                                   Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source = source,
              .first_kernel = first_kernel,
              .namespaces = {Kind::Mnt},
              .ways = nested_ways,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge};
  probe.why =
      "Anybody may become root of a user namespace of their own. All that they get is there; the "
      "mount namespace that they are still in belongs to somebody else.";
  probe.failure = "An unprivileged user mounts over the host's files or unmounts its disks.";
  probe.by_hand =
      "unshare -Ur sh -c 'id -u; mount -t tmpfs none /mnt; umount /proc'   # 0, and both refused";
  return probe;
}

}  // namespace

constinit const Probe mount_privilege = unprivileged_probe(
    "mount_privilege", "root of a user namespace can't mount in a namespace of its parent",
    "mount_namespaces(7), user_namespaces(7); fs/namespace.c may_mount()", "3.8", acts, judge);
constinit const Probe mount_privilege_new_calls =
    unprivileged_probe("mount_privilege_new_calls",
                       "open_tree, fsopen and move_mount need the owner's capabilities as well",
                       "open_tree(2), fsopen(2), move_mount(2); fs/namespace.c may_mount()", "5.2",
                       new_calls::acts, new_calls::judge);

}  // namespace nsbench::probes
