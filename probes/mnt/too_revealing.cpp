// mnt: a fresh proc or sysfs shows no more than the one that is there already.
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

// A file system that is masked, one of its own directories to mask, and the namespace whose owner
// may mount it (proc_init_fs_context(), sysfs_init_fs_context()).
struct Masked {
  const char* type;
  const char* point;
  const char* inner;
  Kind owner;
};
constexpr Masked proc{"proc", "/proc", "/proc/fs", Kind::Pid};
constexpr Masked sysfs{"sysfs", "/sys", "/sys/kernel", Kind::Net};

constexpr std::string_view outside_prepares = "outside prepares";
constexpr std::string_view fresh_before = "inside, the less privileged mounts it";
constexpr std::string_view fresh_masked = "inside, the less privileged mounts it again";

// Where the arena's own is not whole, as in a container, nobody may mount a fresh one.
template <const Masked& which>
void look_for(Scene& scene) {
  const std::vector<MountLine> mounts = read_mounts();
  const MountLine there = find_mount(mounts, which.point);
  if (there.type != which.type || there.root != "/") {
    scene.skip(SkipReason::NoFeature,
               fmt::format("no {} is mounted at {}", which.type, which.point));
  }
  scene.seen.text("type", there.type);
}

// Mounts one and takes it away again: one file system can't be writable and read-only at once.
template <const Masked& which>
int mount_fresh(unsigned long flags = 0) {
  constexpr unsigned long as_restrictive = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const std::string path = make_dir("fresh");
  const int mounted = ::mount("nsbench", path.c_str(), which.type, as_restrictive | flags, nullptr);
  const int err = errno;
  if (mounted == 0) ::umount2(path.c_str(), 0);
  errno = err;
  return mounted;
}

// Evidence that the environment masks it already: a mount on it that is not on an empty directory.
template <const Masked& which>
bool masked_already() {
  for (const MountLine& mount : read_mounts()) {
    const bool on_it = mount.point.starts_with(std::string(which.point) + "/");
    if (on_it && (mount.type == "tmpfs" || mount.root != "/" || mount.type == which.type))
      return true;
  }
  return false;
}

template <const Masked& which>
void mount_whole(Scene& scene) {
  const bool masked = masked_already<which>();
  const auto look = [](Observation& seen) { seen.call("mount", mount_fresh<which>()); };
  if (!in_less_privileged(scene, look, {which.owner})) return;
  if (scene.seen.errno_of("nested mount") == EPERM && masked) {
    scene.skip(SkipReason::Policy, fmt::format("parts of {} are masked here", which.point));
  }
}

template <const Masked& which>
void mask(Scene& scene) {
  scene.seen.call("mask", mount_tmpfs(which.inner));
}

template <const Masked& which>
void mount_masked(Scene& scene) {
  const auto look = [](Observation& seen) { seen.call("mount", mount_fresh<which>()); };
  in_less_privileged(scene, look, {which.owner});
}

template <const Masked& which>
constexpr std::array acts{
    Act{Side::Outside, outside_prepares, look_for<which>},
    Act{Side::Inside, fresh_before, mount_whole<which>},
    Act{Side::Inside, "inside masks a part", mask<which>},
    Act{Side::Inside, fresh_masked, mount_masked<which>},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a less privileged namespace can be entered",
                t.at(fresh_before).errno_of("nested enter"));
  j.works_errno("a fresh one can be mounted while it is whole",
                t.at(fresh_before).errno_of("nested mount"));
  j.works_errno("a part of it can be masked", t.at("inside masks a part").errno_of("mask"));
  j.works_errno("another less privileged namespace can be entered",
                t.at(fresh_masked).errno_of("nested enter"));
  j.isolated_errno("a fresh one can't be mounted where a part is masked", EPERM,
                   t.at(fresh_masked).errno_of("nested mount"));
  return j;
}

namespace read_only {

// sysfs, since with a read-only /proc no user namespace's maps could be written.
void remount(Scene& scene) {
  scene.seen.call(
      "remount",
      ::mount(nullptr, "/sys", nullptr,
              MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
}

void mount_both(Scene& scene) {
  const auto look = [](Observation& seen) {
    seen.call("mount writable", mount_fresh<sysfs>());
    seen.call("mount read-only", mount_fresh<sysfs>(MS_RDONLY));
  };
  in_less_privileged(scene, look, {sysfs.owner});
}

constexpr std::array acts{
    Act{Side::Outside, outside_prepares, look_for<sysfs>},
    Act{Side::Inside, fresh_before, mount_whole<sysfs>},
    Act{Side::Inside, "inside remounts it read-only", remount},
    Act{Side::Inside, fresh_masked, mount_both},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& after = t.at(fresh_masked);
  j.works_errno("a less privileged namespace can be entered",
                t.at(fresh_before).errno_of("nested enter"));
  j.works_errno("a fresh one can be mounted writable at first",
                t.at(fresh_before).errno_of("nested mount"));
  j.works_errno("the old one can be remounted read-only",
                t.at("inside remounts it read-only").errno_of("remount"));
  j.works_errno("another less privileged namespace can be entered", after.errno_of("nested enter"));
  j.works_errno("a fresh one can then be mounted read-only",
                after.errno_of("nested mount read-only"));
  j.isolated_errno("a fresh one can't be mounted writable where the old one is read-only", EPERM,
                   after.errno_of("nested mount writable"));
  return j;
}

}  // namespace read_only

constexpr Probe revealing_probe(std::string_view name, std::string_view sentence,
                                std::span<const Act> acts, Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source =
                  "mount_namespaces(7), \"Restrictions on mount namespaces\"; "
                  "fs/namespace.c mount_too_revealing(), mnt_already_visible()",
              .first_kernel = "4.2",
              .namespaces = {Kind::Mnt},
              .ways = one_way,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge};
  probe.why =
      "Container run times mask files of /proc and /sys that are dangerous to read or write. A "
      "user in the container may make a pid or net namespace and with it mount a fresh proc or "
      "sysfs, which must not be a way around the mask.";
  probe.failure =
      "A container gets at /proc/kcore, /proc/sysrq-trigger and their like, although "
      "they were masked.";
  return probe;
}

constexpr Probe with_arena(Probe probe, NamespaceSet arena, std::string_view by_hand) {
  probe.arena = arena;
  probe.by_hand = by_hand;
  return probe;
}

}  // namespace

constinit const Probe proc_too_revealing = with_arena(
    revealing_probe("proc_too_revealing", "a fresh proc can't be mounted where one is masked",
                    acts<proc>, judge),
    {},
    "unshare -m sh -c '\n"
    "  unshare -Urmpf mount -t proc none /mnt && echo mounted\n"
    "  mount -t tmpfs none /proc/fs\n"
    "  unshare -Urmpf mount -t proc none /mnt'   # refused");

// The arena has a net namespace of its own since a sysfs is that one's owner's to mount.
constinit const Probe sysfs_too_revealing = with_arena(
    revealing_probe("sysfs_too_revealing", "a fresh sysfs can't be mounted where one is masked",
                    acts<sysfs>, judge),
    {Kind::Net},
    "unshare -m sh -c '\n"
    "  unshare -Urmn mount -t sysfs none /mnt && echo mounted\n"
    "  mount -t tmpfs none /sys/kernel\n"
    "  unshare -Urmn mount -t sysfs none /mnt'   # refused");

constinit const Probe sysfs_too_writable =
    with_arena(revealing_probe("sysfs_too_writable",
                               "a fresh sysfs can't be mounted writable where one is read-only",
                               read_only::acts, read_only::judge),
               {Kind::Net},
               "unshare -m sh -c '\n"
               "  mount -o remount,bind,ro /sys\n"
               "  unshare -Urmn mount -t sysfs none /mnt             # refused\n"
               "  unshare -Urmn mount -t sysfs -o ro none /mnt && echo mounted'");

}  // namespace nsbench::probes
