// mnt: which mounts travel between namespaces, and which way: shared, slave, recursive.
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

// A tmpfs of this propagation type, with directories to mount on.
void share(Scene& scene, std::string_view name) {
  const std::string path = make_dir(name);
  scene.seen.call("mount", mount_tmpfs(path));
  scene.seen.call("make it shared", set_propagation(path, MS_SHARED));
  for (const char* spot : {"/a", "/b", "/c", "/d"}) make_dir(std::string(name) + spot);
}

void mounts_at(Scene& scene, std::string_view name) { scene.seen.call("mount", mount_at(name)); }

void looks_at(Scene& scene, std::string_view name) { scene.seen.call("reach", reach(name)); }

void unmounts(Scene& scene, std::string_view name) {
  scene.seen.call("umount", ::umount2(place(name).c_str(), 0));
}

namespace shared {

void make_private(Scene& scene) {
  scene.seen.call("make it private", set_propagation(place("shared"), MS_PRIVATE));
  scene.seen.call("mount", mount_at("shared/c"));
}

void look_after(Scene& scene) {
  scene.seen.text("type", propagation_at("shared"));
  scene.seen.call("reach", reach("shared/c"));
  scene.seen.call("mount", mount_at("shared/d"));
}

constexpr std::array acts{
    Act{Side::Outside, "outside shares", [](Scene& s) { share(s, "shared"); }},
    Act{Side::Inside, "inside mounts", [](Scene& s) { mounts_at(s, "shared/a"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { looks_at(s, "shared/a"); }},
    Act{Side::Outside, "outside mounts", [](Scene& s) { mounts_at(s, "shared/b"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { looks_at(s, "shared/b"); }},
    Act{Side::Inside, "inside unmounts", [](Scene& s) { unmounts(s, "shared/b"); }},
    Act{Side::Outside, "outside misses it", [](Scene& s) { looks_at(s, "shared/b"); }},
    Act{Side::Inside, "inside makes it private", make_private},
    Act{Side::Outside, "outside looks again", look_after},
    Act{Side::Inside, "inside looks again", [](Scene& s) { looks_at(s, "shared/d"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a mount can be made shared", t.at("outside shares").errno_of("make it shared"));
  j.works_errno("inside, one can mount below it", t.at("inside mounts").errno_of("mount"));
  j.works_errno("a mount below a shared mount inside appears outside",
                t.at("outside looks").errno_of("reach"));
  j.works_errno("a mount below a shared mount outside appears inside",
                t.at("inside looks").errno_of("reach"));
  j.works_errno("inside, one can unmount it", t.at("inside unmounts").errno_of("umount"));
  const int missed = t.at("outside misses it").errno_of("reach");
  j.works("the umount inside takes it from the outside too", "ENOENT", std::to_string(missed),
          missed == ENOENT);
  j.works_errno("inside, it can be made private",
                t.at("inside makes it private").errno_of("make it private"));
  j.works_errno("outside, one can mount below it once more",
                t.at("outside looks again").errno_of("mount"));
  j.isolated_equal("the propagation type is of each namespace's own mount: outside it stays",
                   "shared", t.at("outside looks again").text_of("type"));
  j.isolated_errno("a mount below the mount made private inside does not appear outside", ENOENT,
                   t.at("outside looks again").errno_of("reach"));
  j.isolated_errno("a mount outside does not appear below the mount made private inside", ENOENT,
                   t.at("inside looks again").errno_of("reach"));
  return j;
}

}  // namespace shared

namespace slave {

void make_slave(Scene& scene) {
  scene.seen.call("make it a slave", set_propagation(place("slave"), MS_SLAVE));
  scene.seen.call("mount", mount_at("slave/a"));
}

void make_shared_again(Scene& scene) {
  scene.seen.call("make it shared", set_propagation(place("slave"), MS_SHARED));
  scene.seen.text("type", propagation_at("slave"));
  scene.seen.call("mount", mount_at("slave/d"));
}

// It mounts one, and another that it takes away again.
void outside_mounts(Scene& scene) {
  scene.seen.call("mount", mount_at("slave/b"));
  scene.seen.call("mount another", mount_at("slave/c"));
}

void inside_looks(Scene& scene) {
  scene.seen.call("reach", reach("slave/b"));
  scene.seen.call("umount", ::umount2(place("slave/b").c_str(), 0));
  scene.seen.call("reach the other", reach("slave/c"));
}

void outside_looks_again(Scene& scene) {
  scene.seen.call("reach", reach("slave/b"));
  scene.seen.call("umount", ::umount2(place("slave/c").c_str(), 0));
}

constexpr std::array acts{
    Act{Side::Outside, "outside shares", [](Scene& s) { share(s, "slave"); }},
    Act{Side::Inside, "inside makes it a slave", make_slave},
    Act{Side::Outside, "outside looks", [](Scene& s) { looks_at(s, "slave/a"); }},
    Act{Side::Outside, "outside mounts", outside_mounts},
    Act{Side::Inside, "inside looks", inside_looks},
    Act{Side::Outside, "outside looks again", outside_looks_again},
    Act{Side::Inside, "inside misses it", [](Scene& s) { looks_at(s, "slave/c"); }},
    Act{Side::Inside, "inside makes it shared", make_shared_again},
    Act{Side::Outside, "outside looks at last", [](Scene& s) { looks_at(s, "slave/d"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a shared mount can be made a slave inside",
                t.at("inside makes it a slave").errno_of("make it a slave"));
  j.works_errno("inside, one can mount below it",
                t.at("inside makes it a slave").errno_of("mount"));
  j.works_errno("outside, one can mount below it", t.at("outside mounts").errno_of("mount"));
  j.works_errno("a mount outside appears below the slave inside",
                t.at("inside looks").errno_of("reach"));
  j.works_errno("so does another", t.at("inside looks").errno_of("reach the other"));
  j.works_errno("inside, it can be unmounted", t.at("inside looks").errno_of("umount"));
  j.works_errno("outside, it can be unmounted", t.at("outside looks again").errno_of("umount"));
  const int missed = t.at("inside misses it").errno_of("reach");
  j.works("an umount outside takes the mount from below the slave", "ENOENT",
          std::to_string(missed), missed == ENOENT);
  j.works_errno("the slave can be made shared",
                t.at("inside makes it shared").errno_of("make it shared"));
  j.isolated_errno("a mount below the slave does not appear outside", ENOENT,
                   t.at("outside looks").errno_of("reach"));
  j.isolated_errno("an umount below the slave leaves the outside's mount", 0,
                   t.at("outside looks again").errno_of("reach"));
  j.isolated_equal("a slave made shared stays a slave of the outside", "slave and shared",
                   t.at("inside makes it shared").text_of("type"));
  j.isolated_errno("a mount below the slave made shared does not appear outside", ENOENT,
                   t.at("outside looks at last").errno_of("reach"));
  return j;
}

}  // namespace slave

namespace recursive {

void share_tree(Scene& scene) {
  const std::string top = make_dir("tree");
  scene.seen.call("mount", mount_tmpfs(top));
  scene.seen.call("mount below", mount_tmpfs(make_dir("tree/sub")));
  scene.seen.call("make all shared", set_propagation(top, MS_SHARED | MS_REC));
  scene.seen.text("type", propagation_at("tree"));
  scene.seen.text("type below", propagation_at("tree/sub"));
  for (const char* spot : {"tree/a", "tree/b", "tree/sub/a", "tree/sub/b"}) make_dir(spot);
}

void make_top_slave(Scene& scene) {
  scene.seen.call("make the top a slave", set_propagation(place("tree"), MS_SLAVE));
  scene.seen.call("mount at the top", mount_at("tree/a"));
  scene.seen.call("mount below", mount_at("tree/sub/a"));
}

void make_all_slaves(Scene& scene) {
  scene.seen.call("make all slaves", set_propagation(place("tree"), MS_SLAVE | MS_REC));
  scene.seen.call("mount below", mount_at("tree/sub/b"));
}

constexpr std::array acts{
    Act{Side::Outside, "outside shares a tree", share_tree},
    Act{Side::Inside, "inside makes the top a slave", make_top_slave},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          s.seen.call("reach at the top", reach("tree/a"));
          s.seen.call("reach below", reach("tree/sub/a"));
        }},
    Act{Side::Inside, "inside makes all slaves", make_all_slaves},
    Act{Side::Outside, "outside looks again",
        [](Scene& s) {
          s.seen.call("reach below", reach("tree/sub/b"));
          s.seen.text("type below", propagation_at("tree/sub"));
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& tree = t.at("outside shares a tree");
  const Observation& top = t.at("inside makes the top a slave");
  const Observation& all = t.at("inside makes all slaves");
  j.works_equal("MS_SHARED with MS_REC makes the top shared", "shared", tree.text_of("type"));
  j.works_equal("and the mount below", "shared", tree.text_of("type below"));
  j.works_errno("inside, the top alone can be made a slave", top.errno_of("make the top a slave"));
  j.works_errno("inside, one can mount at the top", top.errno_of("mount at the top"));
  j.works_errno("inside, one can mount below", top.errno_of("mount below"));
  j.works_errno("without MS_REC the mount below stays shared",
                t.at("outside looks").errno_of("reach below"));
  j.works_errno("inside, all can be made slaves", all.errno_of("make all slaves"));
  j.works_errno("inside, one can mount below once more", all.errno_of("mount below"));
  j.isolated_errno("a mount at the top does not appear outside", ENOENT,
                   t.at("outside looks").errno_of("reach at the top"));
  j.isolated_errno("with MS_REC a mount below does not appear outside either", ENOENT,
                   t.at("outside looks again").errno_of("reach below"));
  j.isolated_equal("the outside's mount below stays shared", "shared",
                   t.at("outside looks again").text_of("type below"));
  return j;
}

}  // namespace recursive

namespace user {

// What the nested process does to the shared mount that it inherited; the partner is in the
// inside's.
void act_nested(Observation& seen, Partner& inside) {
  const MountLine mount = find_mount(read_mounts(), place("to-nested"));
  seen.text("master", mount.master.empty() ? "none" : mount.master);
  seen.call("mount", mount_at("to-nested/a"));
  seen.result("inside mounts", inside.ask("to-nested/b"));
  seen.call("reach", reach("to-nested/b"));
  seen.call("make it shared", set_propagation(place("to-nested"), MS_SHARED));
  seen.text("type once shared", propagation_at("to-nested"));
  seen.call("mount once shared", mount_at("to-nested/c"));
  seen.call("make it private", set_propagation(place("to-nested"), MS_PRIVATE));
  seen.call("make it shared again", set_propagation(place("to-nested"), MS_SHARED));
  seen.call("mount once shared again", mount_at("to-nested/d"));
}

void share_with_nested(Scene& scene) {
  share(scene, "to-nested");
  scene.seen.text("peers", find_mount(read_mounts(), place("to-nested")).peers);
}

void go_nested(Scene& scene) {
  Partner inside([](std::string_view name) { return mount_at(name) == 0 ? 0 : errno; });
  in_less_privileged(scene, [&](Observation& seen) { act_nested(seen, inside); });
}

void look_for_all(Scene& scene) {
  for (const char* spot : {"a", "c", "d"}) {
    scene.seen.call(std::string("reach ") + spot, reach(std::string("to-nested/") + spot));
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside shares", share_with_nested},
    Act{Side::Inside, "inside, the less privileged mounts", go_nested},
    Act{Side::Outside, "outside looks", look_for_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside, the less privileged mounts");
  const Observation& outside = t.at("outside looks");
  for (const char* step :
       {"nested enter", "nested mount", "nested inside mounts", "nested make it shared",
        "nested mount once shared", "nested make it private", "nested make it shared again",
        "nested mount once shared again"}) {
    j.works_errno(step, seen.errno_of(step));
  }
  j.works_errno("a mount made inside appears in the less privileged namespace",
                seen.errno_of("nested reach"));
  j.isolated_equal("a shared mount becomes a slave of its peer group",
                   t.at("outside shares").text_of("peers"), seen.text_of("nested master"));
  j.isolated_errno("a mount made in the less privileged namespace does not appear outside", ENOENT,
                   outside.errno_of("reach a"));
  j.isolated_equal("MS_SHARED there leaves it a slave", "slave and shared",
                   seen.text_of("nested type once shared"));
  j.isolated_errno("a mount made after MS_SHARED does not appear outside", ENOENT,
                   outside.errno_of("reach c"));
  j.isolated_errno("a mount made after MS_PRIVATE and MS_SHARED does not appear outside", ENOENT,
                   outside.errno_of("reach d"));
  return j;
}

}  // namespace user

}  // namespace

constinit const Probe propagation_shared{
    .family = "mnt",
    .name = "propagation_shared",
    .sentence = "mounts below a shared mount travel both ways until one side makes it private",
    .source = "mount_namespaces(7), \"Shared subtrees\"; fs/pnode.c propagate_mnt()",
    .first_kernel = "2.6.15",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = shared::acts,
    .judge = shared::judge,
    .why =
        "Containers choose per volume whether mounts travel (Docker's bind-propagation, "
        "Kubernetes' mountPropagation). The choice is made with a propagation type in the "
        "container's own namespace, which must bind that namespace alone.",
    .failure =
        "Either mounts that were meant to be shared do not arrive, or a mount that the "
        "inside made private still sends its mounts to the host.",
    .by_hand =
        "unshare -m --propagation unchanged sh -c '\n"
        "  mount -t tmpfs none /mnt; mount --make-shared /mnt; mkdir /mnt/a /mnt/b\n"
        "  unshare -m --propagation unchanged sh -c \"mount -t tmpfs none /mnt/a\n"
        "    mount --make-private /mnt; mount -t tmpfs none /mnt/b\"\n"
        "  grep /mnt/ /proc/self/mountinfo'   # lists /mnt/a, not /mnt/b",
};

constinit const Probe propagation_slave{
    .family = "mnt",
    .name = "propagation_slave",
    .sentence = "mounts travel to a slave mount and never back, even once it is shared as well",
    .source = "mount_namespaces(7), \"Shared subtrees\"; fs/pnode.c change_mnt_propagation()",
    .first_kernel = "2.6.15",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = slave::acts,
    .judge = slave::judge,
    .why =
        "Slave is what service managers and container run times give to services: a disk that "
        "is plugged in later appears inside, and nothing that the service mounts gets out.",
    .failure =
        "A service that mounts over a directory of its own changes what the host sees "
        "there.",
    .by_hand =
        "unshare -m --propagation unchanged sh -c '\n"
        "  mount -t tmpfs none /mnt; mount --make-shared /mnt; mkdir /mnt/a\n"
        "  unshare -m --propagation slave mount -t tmpfs none /mnt/a\n"
        "  grep -c /mnt/a /proc/self/mountinfo'   # 0",
};

constinit const Probe propagation_recursive{
    .family = "mnt",
    .name = "propagation_recursive",
    .sentence = "a propagation type with MS_REC is for the whole tree of mounts, without for one",
    .source = "mount_namespaces(7), mount(2); fs/namespace.c do_change_type()",
    .first_kernel = "2.6.15",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = recursive::acts,
    .judge = recursive::judge,
    .why =
        "Every container run time begins with one recursive change of \"/\" (rprivate, "
        "rslave). A mount that the recursion misses stays connected to the host.",
    .failure =
        "Mounts below the top still travel to the host although the run time asked for the "
        "whole tree to be cut off.",
    .by_hand =
        "unshare -m --propagation shared sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/sub; mount -t tmpfs none /mnt/sub\n"
        "  unshare -m --propagation unchanged sh -c \"mount --make-rslave /mnt\n"
        "    findmnt -o TARGET,PROPAGATION -R /mnt\"\n"
        "  findmnt -o TARGET,PROPAGATION -R /mnt'",
};

constinit const Probe propagation_userns{
    .family = "mnt",
    .name = "propagation_userns",
    .sentence = "in a less privileged mount namespace shared mounts are slaves, and stay so",
    .source =
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; fs/namespace.c "
        "copy_mnt_ns() (CL_SHARED_TO_SLAVE)",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = user::acts,
    .judge = user::judge,
    .why =
        "Anybody may make a user and a mount namespace. Most distributions mount everything "
        "shared, so that this rule alone keeps the mounts of unprivileged users off the host.",
    .failure = "An unprivileged user can put mounts into the host's tree, over /etc for example.",
    .by_hand =
        "unshare -m --propagation shared sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/a\n"
        "  unshare -Urm --propagation unchanged sh -c \"mount --make-shared /mnt\n"
        "    mount -t tmpfs none /mnt/a; grep /mnt /proc/self/mountinfo\"\n"
        "  grep -c /mnt/a /proc/self/mountinfo'   # 0",
};

}  // namespace nsbench::probes
