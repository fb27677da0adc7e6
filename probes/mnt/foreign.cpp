// mnt: a descriptor of a mount in another namespace gives no power over that mount.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

constexpr std::string_view outside_opens = "outside opens a mount";
constexpr std::string_view inside_tries = "inside tries with the descriptor";

// The inside and what it forks inherit the descriptor.
void open_mount(Scene& scene, std::string_view name) {
  scene.seen.call("mount", mount_at(name));
  scene.seen.call("make it shared", set_propagation(place(name), MS_SHARED));
  make_dir(std::string(name) + "/sub");
  const int fd = ::open(place(name).c_str(), O_PATH | O_DIRECTORY);
  scene.seen.call("open", fd);
  scene.seen.number("fd", fd);
}

int descriptor(const Scene& scene) {
  return static_cast<int>(scene.saw(outside_opens).number_of("fd"));
}

// The mount behind a descriptor, for the calls that take a path.
std::string behind(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

void try_calls(Scene& scene) {
  const int fd = descriptor(scene);
  const std::string path = behind(fd);
  constexpr unsigned long read_only = MS_REMOUNT | MS_BIND | MS_RDONLY;
  scene.seen.call("reach", ::faccessat(fd, "on-the-mount", F_OK, 0));
  scene.seen.call("bind", mount_bind(path, make_dir("copy")));
  scene.seen.call("mount below", mount_tmpfs(path + "/sub"));
  scene.seen.call("remount", ::mount(nullptr, path.c_str(), nullptr, read_only, nullptr));
  scene.seen.call("move", mount_move(path, make_dir("moved")));
  scene.seen.call("umount", ::umount2(path.c_str(), MNT_DETACH));
}

constexpr std::array acts{
    Act{Side::Outside, outside_opens, [](Scene& s) { open_mount(s, "theirs"); }},
    Act{Side::Inside, inside_tries, try_calls},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_tries);
  j.works_errno("a mount can be opened outside", t.at(outside_opens).errno_of("open"));
  j.works_errno("files on it are reached by the descriptor inside", seen.errno_of("reach"));
  j.isolated_errno("the outside's mount can't be bound", EINVAL, seen.errno_of("bind"));
  j.isolated_errno("nothing can be mounted below it", EINVAL, seen.errno_of("mount below"));
  j.isolated_errno("it can't be remounted", EINVAL, seen.errno_of("remount"));
  j.isolated_errno("it can't be moved here", EINVAL, seen.errno_of("move"));
  j.isolated_errno("it can't be unmounted", EINVAL, seen.errno_of("umount"));
  return j;
}

namespace tree_calls {

void try_calls(Scene& scene) {
  const int fd = descriptor(scene);
  const Fd copy(static_cast<int>(
      ::syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC)));
  scene.seen.call("open_tree", copy.get());
  const Fd same(static_cast<int>(::syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | O_CLOEXEC)));
  scene.seen.call("open_tree without a clone", same.get());
  const std::string to = make_dir("moved");
  scene.seen.call("move_mount",
                  ::syscall(SYS_move_mount, fd, "", AT_FDCWD, to.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
}

constexpr std::array acts{
    Act{Side::Outside, outside_opens, [](Scene& s) { open_mount(s, "theirs"); }},
    Act{Side::Inside, inside_tries, try_calls},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_tries);
  j.works_errno("a mount can be opened outside", t.at(outside_opens).errno_of("open"));
  j.works_errno("open_tree without OPEN_TREE_CLONE opens the same place",
                seen.errno_of("open_tree without a clone"));
  j.isolated_errno("open_tree(OPEN_TREE_CLONE) can't copy the outside's mount", EINVAL,
                   seen.errno_of("open_tree"));
  j.isolated_errno("move_mount can't take it here", EINVAL, seen.errno_of("move_mount"));
  return j;
}

}  // namespace tree_calls

namespace setattr {

long set_read_only(int fd) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return ::syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

void try_both(Scene& scene) {
  scene.seen.call("mount_setattr", set_read_only(descriptor(scene)));
  mount_at("own");
  const Fd own(::open(place("own").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  scene.seen.call("mount_setattr on one's own", set_read_only(own.get()));
}

constexpr std::array acts{
    Act{Side::Outside, outside_opens, [](Scene& s) { open_mount(s, "theirs"); }},
    Act{Side::Inside, inside_tries, try_both},
    Act{Side::Outside, "outside writes",
        [](Scene& s) { s.seen.call("write", ::access(place("theirs").c_str(), W_OK)); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_tries);
  j.works_errno("a mount can be opened outside", t.at(outside_opens).errno_of("open"));
  j.works_errno("mount_setattr works by a descriptor of one's own mount",
                seen.errno_of("mount_setattr on one's own"));
  j.isolated_errno("it can't change the outside's mount", EINVAL, seen.errno_of("mount_setattr"));
  j.isolated_errno("which stays writable", 0, t.at("outside writes").errno_of("write"));
  return j;
}

}  // namespace setattr

namespace propagation {

void try_from_below(Scene& scene) {
  const std::string path = behind(descriptor(scene));
  in_less_privileged(scene, [&](Observation& seen) {
    seen.call("make it private", set_propagation(path, MS_PRIVATE));
    mount_at("own");
    seen.call("make one's own private", set_propagation(place("own"), MS_PRIVATE));
  });
}

constexpr std::array acts{
    Act{Side::Outside, outside_opens, [](Scene& s) { open_mount(s, "theirs"); }},
    Act{Side::Inside, inside_tries, try_from_below},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { s.seen.text("type", propagation_at("theirs")); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_tries);
  j.works_errno("a mount can be opened outside", t.at(outside_opens).errno_of("open"));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("one's own mount's propagation type can be changed there",
                seen.errno_of("nested make one's own private"));
  j.isolated_errno("the outside's mount's can't, by a descriptor", EPERM,
                   seen.errno_of("nested make it private"));
  j.isolated_equal("it stays shared", "shared", t.at("outside looks").text_of("type"));
  return j;
}

}  // namespace propagation

namespace overlay {

void skip_without_overlay(Scene& scene) {
  const Result<std::string> known = read_small_file("/proc/filesystems");
  if (known && known->find("\toverlay\n") == std::string::npos) {
    scene.skip(SkipReason::NoModule, "/proc/filesystems has no overlay");
  }
}

int mount_overlay(std::string_view lower, std::string_view at) {
  const std::string second = make_dir("second-layer");
  const std::string options = fmt::format("lowerdir={}:{}", lower, second);
  return ::mount("nsbench", make_dir(at).c_str(), "overlay", 0, options.c_str());
}

void try_layers(Scene& scene) {
  const std::string path = behind(descriptor(scene));
  in_less_privileged(scene, [&](Observation& seen) {
    mount_at("own");
    seen.call("over one's own", mount_overlay(place("own"), "over-own"));
    seen.call("over the outside's", mount_overlay(path, "over-theirs"));
  });
}

constexpr std::array acts{
    Act{Side::Outside, outside_opens,
        [](Scene& s) {
          skip_without_overlay(s);
          open_mount(s, "theirs");
        }},
    Act{Side::Inside, inside_tries, try_layers},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_tries);
  j.works_errno("a mount can be opened outside", t.at(outside_opens).errno_of("open"));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("an overlay can be mounted there over one's own mount",
                seen.errno_of("nested over one's own"));
  j.isolated_errno("not over a mount of another namespace", EINVAL,
                   seen.errno_of("nested over the outside's"));
  return j;
}

}  // namespace overlay

constexpr Probe foreign_probe(std::string_view name, std::string_view sentence,
                              std::string_view source, std::string_view first_kernel,
                              std::span<const Act> acts, Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source = source,
              .first_kernel = first_kernel,
              .namespaces = {Kind::Mnt},
              .ways = all_ways,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge};
  probe.why =
      "Descriptors travel: a container inherits them, gets them over sockets, or keeps one that "
      "was opened before it was shut in. They give access to files and to nothing else.";
  probe.failure =
      "A process in a container changes, copies or removes mounts of the host through a "
      "descriptor that leaked to it.";
  return probe;
}

constexpr Probe with(Probe probe, std::span<const Way> ways, std::string_view by_hand) {
  probe.ways = ways;
  probe.by_hand = by_hand;
  return probe;
}

}  // namespace

constinit const Probe foreign_mount =
    with(foreign_probe(
             "foreign_mount", "a mount of another namespace can't be changed through a descriptor",
             "mount(2), umount(2): EINVAL; fs/namespace.c check_mnt()", "2.6.15", acts, judge),
         all_ways,
         "unshare -m sh -c '\n"
         "  mount -t tmpfs none /mnt\n"
         "  unshare -m sh -c \"mount -c --bind /proc/self/fd/9 /media\n"
         "    umount -c -l /proc/self/fd/9\" 9</mnt'   # both refused");

constinit const Probe foreign_tree =
    with(foreign_probe("foreign_tree",
                       "open_tree and move_mount can't take a mount from another namespace",
                       "open_tree(2), move_mount(2): EINVAL; fs/namespace.c open_detached_copy(), "
                       "do_move_mount()",
                       "5.2", tree_calls::acts, tree_calls::judge),
         all_ways,
         "# mount(8) calls open_tree since util-linux 2.39, and mount(2) before\n"
         "unshare -m sh -c '\n"
         "  mount -t tmpfs none /mnt\n"
         "  unshare -m mount -c --bind /proc/self/fd/9 /media 9</mnt'   # refused");

constinit const Probe foreign_setattr =
    with(foreign_probe("foreign_setattr", "mount_setattr can't change a mount of another namespace",
                       "mount_setattr(2): EINVAL; fs/namespace.c do_mount_setattr()", "5.12",
                       setattr::acts, setattr::judge),
         all_ways,
         "unshare -m sh -c '\n"
         "  mount -t tmpfs none /mnt\n"
         "  unshare -m mount -c -o remount,bind,ro /proc/self/fd/9 9</mnt'   # refused");

constinit const Probe foreign_propagation =
    with(foreign_probe("foreign_propagation",
                       "a less privileged namespace can't change the propagation of the outside's "
                       "mounts through a descriptor",
                       "mount(2); CVE-2025-38498 (fixed in 6.16, then made EPERM in 6.17); "
                       "fs/namespace.c may_change_propagation()",
                       "3.8", propagation::acts, propagation::judge),
         nested_ways,
         "unshare -m --propagation shared sh -c '\n"
         "  mount -t tmpfs none /mnt\n"
         "  unshare -Urm mount -c --make-private /proc/self/fd/9 9</mnt   # refused\n"
         "  findmnt -o TARGET,PROPAGATION /mnt'");

constinit const Probe foreign_overlay =
    with(foreign_probe("foreign_overlay",
                       "an overlay can't have a mount of another namespace as its layer",
                       "CVE-2025-38499 (fixed in 6.16); fs/namespace.c clone_private_mount()",
                       "5.11", overlay::acts, overlay::judge),
         nested_ways,
         "unshare -m sh -c '\n"
         "  mount -t tmpfs none /mnt\n"
         "  unshare -Urm mount -t overlay -o lowerdir=/proc/self/fd/9:/media none /media 9</mnt'   "
         "# refused");

}  // namespace nsbench::probes
