// mnt: mounts that a less privileged namespace inherited are locked together: none of them can be
// taken away, and nothing that is underneath one shows.
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

constexpr std::string_view outside_mounts = "outside mounts over files";
constexpr std::string_view nested_tries = "inside, the less privileged tries";

// A tmpfs "tree" whose directories hold the file "hidden", each with a mount over it.
void make_tree(Scene& scene) {
  scene.seen.call("mount", mount_at("tree"));
  int covered = 0;
  for (const char* name : {"tree/a", "tree/b", "tree/c", "tree/d"}) {
    make_dir(name);
    make_file(std::string(name) + "/hidden");
    if (mount_at(name) == 0) ++covered;
  }
  scene.seen.number("covered", covered);
}

// Whether what is underneath shows: ENOENT where it does not.
int show(const std::string& dir) { return ::access((place(dir) + "/hidden").c_str(), F_OK); }

void try_all(Observation& seen) {
  seen.call("reach", reach("tree/a"));
  seen.call("umount", ::umount2(place("tree/a").c_str(), 0));
  seen.call("umount shows", show("tree/a"));
  seen.call("detach", ::umount2(place("tree/b").c_str(), MNT_DETACH));
  seen.call("detach shows", show("tree/b"));
  seen.call("move", mount_move(place("tree/c"), make_dir("moved")));
  seen.call("move shows", show("tree/c"));
  seen.call("bind", mount_bind(place("tree"), make_dir("copy")));
  seen.call("bind shows", show("copy/d"));
  seen.call("mount one's own", mount_at("own"));
  seen.call("unmount one's own", ::umount2(place("own").c_str(), 0));
}

constexpr std::array acts{
    Act{Side::Outside, outside_mounts, make_tree},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_less_privileged(s, try_all); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_equal("the outside can cover files with mounts", "4",
                std::to_string(t.at(outside_mounts).number_of("covered")));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("it inherits the mounts", seen.errno_of("nested reach"));
  j.works_errno("one's own mount can be made there", seen.errno_of("nested mount one's own"));
  j.works_errno("one's own mount can be unmounted there",
                seen.errno_of("nested unmount one's own"));
  j.isolated_errno("an inherited mount can't be unmounted", EINVAL, seen.errno_of("nested umount"));
  j.isolated_errno("umount does not show what is underneath", ENOENT,
                   seen.errno_of("nested umount shows"));
  j.isolated_errno("nor detached (MNT_DETACH)", EINVAL, seen.errno_of("nested detach"));
  j.isolated_errno("MNT_DETACH does not show what is underneath", ENOENT,
                   seen.errno_of("nested detach shows"));
  j.isolated_errno("nor moved (MS_MOVE)", EINVAL, seen.errno_of("nested move"));
  j.isolated_errno("MS_MOVE does not show what is underneath", ENOENT,
                   seen.errno_of("nested move shows"));
  j.isolated_errno("a bind mount can't leave out what is mounted below", EINVAL,
                   seen.errno_of("nested bind"));
  j.isolated_errno("a bind mount does not show what is underneath", ENOENT,
                   seen.errno_of("nested bind shows"));
  return j;
}

namespace detached {

// A copy of the tree is one's own and may be detached; what was locked below it stays in place.
void detach_copy(Observation& seen) {
  seen.call("bind all", mount_bind(place("tree"), make_dir("copy"), MS_REC));
  const Fd top(::open(place("copy").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  seen.call("open the copy", top.get());
  seen.call("detach the copy", ::umount2(place("copy").c_str(), MNT_DETACH));
  seen.call("reach the top", ::faccessat(top.get(), "on-the-mount", F_OK, 0));
  seen.call("show", ::faccessat(top.get(), "d/hidden", F_OK, 0));
}

constexpr std::array acts{
    Act{Side::Outside, outside_mounts, make_tree},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_less_privileged(s, detach_copy); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("the whole tree can be bound there", seen.errno_of("nested bind all"));
  j.works_errno("the copy can be opened", seen.errno_of("nested open the copy"));
  j.works_errno("the copy can be detached", seen.errno_of("nested detach the copy"));
  j.works_errno("it is still reached by the descriptor", seen.errno_of("nested reach the top"));
  j.isolated_errno("detaching the parent does not show what is underneath its mounts", ENOENT,
                   seen.errno_of("nested show"));
  return j;
}

}  // namespace detached

namespace unit {

constexpr std::string_view nested_gets = "inside, the less privileged gets a tree";

// A tree that arrives by propagation, in one piece: "shared/all" with a mount over "shared/all/d".
int send_tree(std::string_view /*asked*/) {
  return mount_bind(place("tree"), make_dir("shared/all"), MS_REC) == 0 ? 0 : errno;
}

void get_tree(Observation& seen, Partner& inside) {
  seen.result("inside binds", inside.ask("the tree"));
  seen.call("reach", reach("shared/all/d"));
  seen.call("umount", ::umount2(place("shared/all/d").c_str(), MNT_DETACH));
  seen.call("show", show("shared/all/d"));
  seen.call("umount all", ::umount2(place("shared/all").c_str(), MNT_DETACH));
}

void go_nested(Scene& scene) {
  mount_at("shared");
  scene.seen.call("make it shared", set_propagation(place("shared"), MS_SHARED));
  make_dir("shared/all");
  Partner inside(send_tree);
  in_less_privileged(scene, [&](Observation& seen) { get_tree(seen, inside); });
}

constexpr std::array acts{
    Act{Side::Outside, outside_mounts, make_tree},
    Act{Side::Inside, nested_gets, go_nested},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_gets);
  j.works_errno("a mount can be made shared", seen.errno_of("make it shared"));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("a tree of mounts can be put below it", seen.errno_of("nested inside binds"));
  j.works_errno("it arrives in the less privileged namespace", seen.errno_of("nested reach"));
  j.works_errno("there it can be unmounted as a whole", seen.errno_of("nested umount all"));
  j.isolated_errno("a mount of the tree can't be unmounted by itself", EINVAL,
                   seen.errno_of("nested umount"));
  j.isolated_errno("what is underneath it does not show", ENOENT, seen.errno_of("nested show"));
  return j;
}

}  // namespace unit

namespace new_calls {

void try_new_calls(Observation& seen) {
  const std::string from = place("tree/a");
  const std::string to = make_dir("moved");
  seen.call("move_mount",
            ::syscall(SYS_move_mount, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0));
  seen.call("move_mount shows", show("tree/a"));
  const auto top = place("tree");
  const Fd one(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, top.c_str(), OPEN_TREE_CLONE | O_CLOEXEC)));
  seen.call("open_tree", one.get());
  seen.number("open_tree shows", ::faccessat(one.get(), "b/hidden", F_OK, 0) == 0 ? 1 : 0);
  const Fd all(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, top.c_str(), OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC)));
  seen.call("open_tree of all", all.get());
  seen.call("reach in it", ::faccessat(all.get(), "b/on-the-mount", F_OK, 0));
}

constexpr std::array acts{
    Act{Side::Outside, outside_mounts, make_tree},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_less_privileged(s, try_new_calls); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("open_tree(OPEN_TREE_CLONE|AT_RECURSIVE) copies the whole tree",
                seen.errno_of("nested open_tree of all"));
  j.works_errno("with what is mounted below", seen.errno_of("nested reach in it"));
  j.isolated_errno("move_mount can't take an inherited mount away", EINVAL,
                   seen.errno_of("nested move_mount"));
  j.isolated_errno("move_mount does not show what is underneath", ENOENT,
                   seen.errno_of("nested move_mount shows"));
  j.isolated_errno("open_tree(OPEN_TREE_CLONE) can't leave out what is mounted below", EINVAL,
                   seen.errno_of("nested open_tree"));
  j.isolated_equal("open_tree does not show what is underneath", "0",
                   std::to_string(seen.number_of("nested open_tree shows")));
  return j;
}

}  // namespace new_calls

constexpr std::string_view restrictions =
    "mount_namespaces(7), \"Restrictions on mount namespaces\"; fs/namespace.c lock_mnt_tree(), "
    "can_umount(), has_locked_children()";
constexpr std::string_view reveal =
    "A user who makes a namespace of their own reads what an administrator or a container run "
    "time covered with a mount: masked files of /proc, the directory below an encrypted one.";

}  // namespace

constinit const Probe locked_mounts{
    .family = "mnt",
    .name = "locked_mounts",
    .sentence = "inherited mounts can't be taken away by a less privileged namespace",
    .source = restrictions,
    .first_kernel = "3.12",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Mounts are used to cover things: container run times mount over files of /proc and "
        "/sys, administrators over directories. Anybody may make a user namespace with a copy "
        "of all mounts, so these copies must not come off.",
    .failure = reveal,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/d; touch /mnt/d/hidden\n"
        "  mount -t tmpfs none /mnt/d\n"
        "  unshare -Urm sh -c \"umount /mnt/d; umount -l /mnt/d; ls /mnt/d\"'   # nothing",
};

constinit const Probe locked_detached{
    .family = "mnt",
    .name = "locked_detached",
    .sentence = "detaching a tree of locked mounts does not show what is underneath them",
    .source =
        "CVE-2014-9717 (fixed in 4.0.2); mount_namespaces(7); fs/namespace.c "
        "disconnect_mount()",
    .first_kernel = "3.12",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = detached::acts,
    .judge = detached::judge,
    .why =
        "Until 4.0.2 umount(MNT_DETACH) of a copied tree took every mount in it apart. Through "
        "a descriptor of its top one then read what the locked mounts had covered.",
    .failure = reveal,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/d /mnt/copy; touch /mnt/d/hidden\n"
        "  mount -t tmpfs none /mnt/d\n"
        "  unshare -Urm sh -c \"mount --rbind /mnt /mnt/copy; cd /mnt/copy\n"
        "    umount -l /mnt/copy; ls d\"'   # shows nothing",
};

constinit const Probe locked_unit{
    .family = "mnt",
    .name = "locked_unit",
    .sentence = "a tree of mounts that arrives by propagation can be unmounted as a whole only",
    .source = restrictions,
    .first_kernel = "3.12",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = unit::acts,
    .judge = unit::judge,
    .why =
        "Mounts keep arriving in a less privileged namespace after it was made, since it is a "
        "slave of the outside. What arrives in one piece covers things just as what was "
        "inherited does.",
    .failure = reveal,
    .by_hand =
        "unshare -m --propagation shared sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir -p /mnt/to /mnt/tree\n"
        "  mount -t tmpfs --make-private none /mnt/tree; mkdir /mnt/tree/d\n"
        "  touch /mnt/tree/d/hidden; mount -t tmpfs none /mnt/tree/d\n"
        "  unshare -Urm --propagation unchanged sh -c \"sleep 1; umount -l /mnt/to/d\n"
        "    ls /mnt/to/d; umount -l /mnt/to\" &\n"
        "  sleep 0.5; mount --rbind /mnt/tree /mnt/to; wait'",
};

constinit const Probe locked_new_calls{
    .family = "mnt",
    .name = "locked_new_calls",
    .sentence = "move_mount and open_tree keep inherited mounts in place as well",
    .source =
        "move_mount(2), open_tree(2), mount_namespaces(7); fs/namespace.c do_move_mount(), "
        "open_detached_copy()",
    .first_kernel = "5.2",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = new_calls::acts,
    .judge = new_calls::judge,
    .why =
        "The calls of Linux 5.2 reach the same mounts by another way, with checks of their own "
        "that have to refuse the same.",
    .failure = reveal,
    .by_hand =
        "# mount(8) uses the new calls since util-linux 2.39\n"
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/d /mnt/to; mount -t tmpfs none /mnt/d\n"
        "  unshare -Urm sh -c \"strace -e move_mount,open_tree,mount \\\n"
        "    mount --move /mnt/d /mnt/to\"'",
};

}  // namespace nsbench::probes
