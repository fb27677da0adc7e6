// mnt: what pivot_root refuses, and that what is left of the old root can be taken away.
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::string_view nested_pivots = "inside, the less privileged pivots";

long pivot(const std::string& root, const std::string& old) {
  return ::syscall(SYS_pivot_root, root.c_str(), old.c_str());
}

void mount_inherited(Scene& scene) {
  scene.seen.call("mount", mount_at("inherited"));
  make_dir("inherited/old");
}

// Everything that is refused first, since afterwards the paths are others.
void pivot_in_turn(Observation& seen) {
  seen.call("mount", mount_at("own"));
  const std::string old = make_dir("own/old");
  seen.call("to an inherited mount", pivot(place("inherited"), place("inherited/old")));
  const std::string plain = make_dir("own/plain");
  seen.call("to what is no mount", pivot(plain, make_dir("own/plain/old")));
  seen.call("with the old root elsewhere", pivot(place("own"), make_dir("elsewhere")));
  set_propagation(place("own"), MS_SHARED);
  seen.call("to a shared mount", pivot(place("own"), old));
  set_propagation(place("own"), MS_PRIVATE);
  seen.call("pivot_root", pivot(place("own"), old));
  seen.call("reach", ::access("/on-the-mount", F_OK));
  seen.call("umount the old root", ::umount2("/old", MNT_DETACH));
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts", mount_inherited},
    Act{Side::Inside, nested_pivots, [](Scene& s) { in_less_privileged(s, pivot_in_turn); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_pivots);
  j.works_errno("one can mount outside", t.at("outside mounts").errno_of("mount"));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("there one can mount", seen.errno_of("nested mount"));
  j.works_errno("pivot_root to one's own mount works", seen.errno_of("nested pivot_root"));
  j.works_errno("it is the root directory then", seen.errno_of("nested reach"));
  j.works_errno("what was inherited can be unmounted with the old root",
                seen.errno_of("nested umount the old root"));
  j.rule_errno("an inherited mount can't become the root", EINVAL,
               seen.errno_of("nested to an inherited mount"));
  j.rule_errno("nor can a directory that is no mount", EINVAL,
               seen.errno_of("nested to what is no mount"));
  j.rule_errno("the old root has to go below the new one", EINVAL,
               seen.errno_of("nested with the old root elsewhere"));
  j.rule_errno("a shared mount can't become the root", EINVAL,
               seen.errno_of("nested to a shared mount"));
  return j;
}

}  // namespace

constinit const Probe pivot_root_rules{
    .family = "mnt",
    .name = "pivot_root_rules",
    .sentence = "pivot_root takes one's own unshared mount, with the old root below it, only",
    .source = "pivot_root(2), mount_namespaces(7); fs/namespace.c path_pivot_root()",
    .first_kernel = "3.12",
    .namespaces = {Kind::Mnt},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Every container run time makes the container's root with pivot_root and unmounts the "
        "old one. An inherited mount as the new root would come off with it and show what it "
        "covered.",
    .failure =
        "A container is left with a way to the host's root, or a user sees what is below an "
        "inherited mount.",
    .by_hand =
        "unshare -Urm sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/old; pivot_root /proc /proc/1   # refused\n"
        "  cd /mnt; pivot_root . old && echo now at the new root'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
