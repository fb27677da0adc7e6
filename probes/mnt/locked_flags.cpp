// mnt: a less privileged namespace can't clear the flags of the mounts that it inherited.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

// A flag, and what an attempt to be rid of it passes. Without any of the atime flags a remount
// keeps them (mount(2)), so that these name another one.
struct LockedFlag {
  std::string_view name;  // as in mountinfo
  unsigned long flag;
  unsigned long without;
  std::uint64_t attribute;  // of mount_setattr(2)
  std::uint64_t cleared;
  std::uint64_t instead;
};
constexpr std::array locked_flags{
    LockedFlag{"ro", MS_RDONLY, 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0},
    LockedFlag{"nosuid", MS_NOSUID, 0, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID, 0},
    LockedFlag{"nodev", MS_NODEV, 0, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV, 0},
    LockedFlag{"noexec", MS_NOEXEC, 0, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC, 0},
    LockedFlag{"noatime", MS_NOATIME, MS_RELATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME,
               MOUNT_ATTR_RELATIME},
    LockedFlag{"relatime", MS_RELATIME, MS_NOATIME, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME,
               MOUNT_ATTR_NOATIME},
};

constexpr std::string_view outside_mounts = "outside mounts with flags";
constexpr std::string_view nested_tries = "inside, the less privileged tries";

std::string spot(const LockedFlag& flag) { return fmt::format("with-{}", flag.name); }

int remount(const LockedFlag& flag, unsigned long flags) {
  return ::mount(nullptr, place(spot(flag)).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags,
                 nullptr);
}

// On the mount alone: a tmpfs that is mounted read-only is so itself, wherever else it is mounted.
void mount_with_flags(Scene& scene) {
  int mounted = 0;
  for (const LockedFlag& flag : locked_flags) {
    if (mount_tmpfs(make_dir(spot(flag))) == 0 && remount(flag, flag.flag) == 0) ++mounted;
  }
  scene.seen.number("mounted", mounted);
}

bool has_option(const MountLine& mount, std::string_view option) {
  return fmt::format(",{},", mount.options).find(fmt::format(",{},", option)) != std::string::npos;
}

// What mountinfo says of each flag afterwards.
void look_at_flags(Observation& seen) {
  const std::vector<MountLine> mounts = read_mounts();
  for (const LockedFlag& flag : locked_flags) {
    const bool kept = has_option(find_mount(mounts, place(spot(flag))), flag.name);
    seen.text(fmt::format("{} afterwards", flag.name), kept ? "set" : "cleared");
  }
}

void try_remount(Observation& seen) {
  for (const LockedFlag& flag : locked_flags) {
    seen.call(fmt::format("keep {}", flag.name), remount(flag, flag.flag));
    seen.call(fmt::format("clear {}", flag.name), remount(flag, flag.without));
  }
  look_at_flags(seen);
}

int set_attributes(const LockedFlag& flag, std::uint64_t set, std::uint64_t clear) {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  return static_cast<int>(::syscall(SYS_mount_setattr, AT_FDCWD, place(spot(flag)).c_str(), 0,
                                    &attributes, sizeof attributes));
}

void try_setattr(Observation& seen) {
  for (const LockedFlag& flag : locked_flags) {
    const bool atime = flag.cleared == MOUNT_ATTR__ATIME;
    seen.call(fmt::format("keep {}", flag.name),
              set_attributes(flag, flag.attribute, atime ? MOUNT_ATTR__ATIME : 0));
    seen.call(fmt::format("clear {}", flag.name), set_attributes(flag, flag.instead, flag.cleared));
  }
  look_at_flags(seen);
}

constexpr std::array remount_acts{
    Act{Side::Outside, outside_mounts, mount_with_flags},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_less_privileged(s, try_remount); }},
};
constexpr std::array setattr_acts{
    Act{Side::Outside, outside_mounts, mount_with_flags},
    Act{Side::Inside, nested_tries, [](Scene& s) { in_less_privileged(s, try_setattr); }},
};

Judgement judge_flags(const Transcript& t, std::string_view call) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_equal("the outside can mount with each flag", std::to_string(locked_flags.size()),
                std::to_string(t.at(outside_mounts).number_of("mounted")));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  for (const LockedFlag& flag : locked_flags) {
    j.works_errno(fmt::format("{} with the same {} works", call, flag.name),
                  seen.errno_of(fmt::format("nested keep {}", flag.name)));
    j.isolated_errno(fmt::format("{} can't clear {}", call, flag.name), EPERM,
                     seen.errno_of(fmt::format("nested clear {}", flag.name)));
    j.isolated_equal(fmt::format("the mount is still {}", flag.name), "set",
                     seen.text_of(fmt::format("nested {} afterwards", flag.name)));
  }
  return j;
}
Judgement judge_remount(const Transcript& t) { return judge_flags(t, "a remount"); }
Judgement judge_setattr(const Transcript& t) { return judge_flags(t, "mount_setattr"); }

namespace copy {

// A bind mount of one's own keeps what was locked; the file system itself is the outside's.
void try_copy(Observation& seen) {
  const std::string copy = make_dir("copy");
  seen.call("bind", mount_bind(place("with-ro"), copy));
  seen.call("keep ro",
            ::mount(nullptr, copy.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr));
  seen.call("clear ro", ::mount(nullptr, copy.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
  seen.call("write", ::mkdir((copy + "/written").c_str(), 0755));
}

void try_superblock(Observation& seen) {
  const std::string path = place("with-nodev");
  seen.call("reconfigure",
            ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_NODEV, "size=128k"));
  const std::string own = make_dir("own");
  seen.call("mount one's own", mount_tmpfs(own));
  seen.call("reconfigure one's own",
            ::mount(nullptr, own.c_str(), nullptr, MS_REMOUNT, "size=128k"));
}

constexpr std::array acts{
    Act{Side::Outside, outside_mounts, mount_with_flags},
    Act{Side::Inside, nested_tries,
        [](Scene& s) {
          in_less_privileged(s, [](Observation& seen) {
            try_superblock(seen);
            try_copy(seen);
          });
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_tries);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("it can bind a read-only mount", seen.errno_of("nested bind"));
  j.works_errno("the copy can be remounted as it is", seen.errno_of("nested keep ro"));
  j.works_errno("one's own file system can be mounted", seen.errno_of("nested mount one's own"));
  j.works_errno("and reconfigured", seen.errno_of("nested reconfigure one's own"));
  j.isolated_errno("the copy can't be made writable", EPERM, seen.errno_of("nested clear ro"));
  j.isolated_errno("the copy can't be written", EROFS, seen.errno_of("nested write"));
  j.isolated_errno("a file system of the outside can't be reconfigured", EPERM,
                   seen.errno_of("nested reconfigure"));
  return j;
}

}  // namespace copy

constexpr std::string_view why =
    "Read-only, nosuid, nodev and noexec are how administrators and container run times restrict "
    "what a mount is good for. Until 3.17 a remount in a user namespace of one's own took all of "
    "them off (CVE-2014-5206, CVE-2014-5207).";
constexpr std::string_view failure =
    "A container writes to what was given to it read-only, or runs a setuid program from a mount "
    "that forbids it.";

}  // namespace

constinit const Probe locked_flags_remount{
    .family = "mnt",
    .name = "locked_flags_remount",
    .sentence = "a remount does not clear the flags of an inherited mount",
    .source =
        "mount(2), mount_namespaces(7); CVE-2014-5206, CVE-2014-5207 (fixed in 3.17, "
        "3.14.19, 3.10.55); fs/namespace.c can_change_locked_flags()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = remount_acts,
    .judge = judge_remount,
    .why = why,
    .failure = failure,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs -o ro,nosuid none /mnt\n"
        "  unshare -Urm sh -c \"mount -o remount,bind,rw,nosuid /mnt\n"
        "    mount -o remount,bind,ro,suid /mnt; grep /mnt /proc/self/mountinfo\"'",
};

constinit const Probe locked_flags_setattr{
    .family = "mnt",
    .name = "locked_flags_setattr",
    .sentence = "mount_setattr does not clear the flags of an inherited mount",
    .source = "mount_setattr(2), mount_namespaces(7); fs/namespace.c can_change_locked_flags()",
    .first_kernel = "5.12",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = setattr_acts,
    .judge = judge_setattr,
    .why = why,
    .failure = failure,
    .by_hand =
        "# mount(8) uses mount_setattr since util-linux 2.39; strace shows which call it is\n"
        "unshare -m sh -c '\n"
        "  mount -t tmpfs -o ro none /mnt\n"
        "  unshare -Urm mount -o remount,bind,rw /mnt'",
};

constinit const Probe locked_flags_copy{
    .family = "mnt",
    .name = "locked_flags_copy",
    .sentence = "a bind mount keeps the locked flags, and a foreign file system its options",
    .source =
        "mount(2), mount_namespaces(7); CVE-2014-5206; fs/namespace.c clone_mnt(), "
        "do_remount()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = copy::acts,
    .judge = copy::judge,
    .why =
        "CVE-2014-5206 was just this: a bind mount of a read-only mount, made in a user "
        "namespace, could be remounted writable. Options of the file system itself, a size "
        "limit for example, hold for everybody who has it mounted.",
    .failure = failure,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs -o ro none /mnt\n"
        "  unshare -Urm sh -c \"mount --bind /mnt /media\n"
        "    mount -o remount,bind,rw /media; mount -o remount,size=1m /mnt\"'",
};

}  // namespace nsbench::probes
