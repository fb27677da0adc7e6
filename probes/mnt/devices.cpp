// mnt: no devices, and no file systems but harmless ones, in a user namespace.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

dev_t null_device() { return ::makedev(1, 3); }

std::string on_own(std::string_view name) { return place("own") + "/" + std::string(name); }

namespace making {

constexpr std::string_view nested_makes = "inside, the less privileged makes nodes";

template <bool whiteout>
void make_nodes(Observation& seen) {
  seen.call("mount", mount_at("own"));
  seen.call("mknod null", ::mknod(on_own("null").c_str(), S_IFCHR | 0666, null_device()));
  seen.call("mknod block", ::mknod(on_own("block").c_str(), S_IFBLK | 0600, ::makedev(7, 0)));
  if (whiteout) {
    seen.call("mknod whiteout", ::mknod(on_own("whiteout").c_str(), S_IFCHR, ::makedev(0, 0)));
  } else {
    seen.call("mknod fifo", ::mknod(on_own("fifo").c_str(), S_IFIFO | 0600, 0));
  }
}

template <bool whiteout>
constexpr std::array acts{
    Act{Side::Inside, nested_makes, [](Scene& s) { in_less_privileged(s, make_nodes<whiteout>); }},
};

Judgement judge(const Transcript& t, std::string_view legal) {
  Judgement j;
  const Observation& seen = t.at(nested_makes);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("a tmpfs can be mounted there", seen.errno_of("nested mount"));
  j.works_errno(fmt::format("a {} can be made on it", legal),
                seen.errno_of(fmt::format("nested mknod {}", legal)));
  j.rule_errno("a character device can't", EPERM, seen.errno_of("nested mknod null"));
  j.rule_errno("a block device can't", EPERM, seen.errno_of("nested mknod block"));
  return j;
}
Judgement judge_fifo(const Transcript& t) { return judge(t, "fifo"); }
Judgement judge_whiteout(const Transcript& t) { return judge(t, "whiteout"); }

}  // namespace making

namespace opening {

constexpr std::string_view inside_opens = "inside makes the device on both";

// Devices are made by root of the initial user namespace, which has a fixed inode
// (PROC_USER_INIT_INO of include/linux/proc_ns.h).
void skip_without_mknod(Scene& scene) {
  const Result<std::string> user = read_link("/proc/self/ns/user");
  if (!user || *user != "user:[4026531837]") {
    scene.skip(SkipReason::NoPrivilege, "not in the initial user namespace");
  } else if (!has_capability(CAP_MKNOD)) {
    scene.skip(SkipReason::NoPrivilege, "this process has no CAP_MKNOD");
  }
}

void make_and_open(Observation& seen, std::string_view where, int dir) {
  const int made = ::mknodat(dir, "null", S_IFCHR | 0666, null_device());
  seen.call(fmt::format("mknod on {}", where), made);
  const Fd device(::openat(dir, "null", O_RDONLY | O_CLOEXEC));
  seen.call(fmt::format("open on {}", where), device.get());
}

void open_both(Scene& scene) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return scene.broken("socketpair");
  }
  const Fd ours(ends[0]), theirs(ends[1]);
  const auto send_mount = [&](Observation& seen) {
    seen.call("mount", mount_at("own"));
    ::chmod(place("own").c_str(), 0777);
    const Fd dir(::open(place("own").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    seen.result("send", send_fd(theirs.get(), dir.get()) ? 0 : errno);
  };
  if (!in_less_privileged(scene, send_mount)) return;
  if (scene.seen.errno_of("nested send") != 0) return;
  const Fd given = receive_fd(ours.get());
  mount_at("inside's");
  const Fd own(::open(place("inside's").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  make_and_open(scene.seen, "one's own", own.get());
  make_and_open(scene.seen, "the other's", given.get());
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", skip_without_mknod},
    Act{Side::Inside, inside_opens, open_both},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_opens);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("a tmpfs can be mounted there", seen.errno_of("nested mount"));
  j.works_errno("root can make a device on its own tmpfs", seen.errno_of("mknod on one's own"));
  j.works_errno("and open it", seen.errno_of("open on one's own"));
  j.works_errno("root can make one on the other tmpfs", seen.errno_of("mknod on the other's"));
  j.isolated_errno("which can't be opened", EACCES, seen.errno_of("open on the other's"));
  return j;
}

}  // namespace opening

namespace types {

constexpr std::string_view inside_mounts = "inside, the less privileged mounts";

// Types that are for root of the initial user namespace (no FS_USERNS_MOUNT), and need no device.
constexpr std::array privileged_types{"devtmpfs", "debugfs", "securityfs", "hugetlbfs", "pstore"};

std::string privileged_type() {
  const Result<std::string> known = read_small_file("/proc/filesystems");
  for (const char* type : privileged_types) {
    if (known && known->find(fmt::format("\t{}\n", type)) != std::string::npos) return type;
  }
  return "";
}

void mount_both(Scene& scene) {
  const std::string type = privileged_type();
  if (type.empty()) {
    return scene.skip(
        SkipReason::NoFeature,
        "/proc/filesystems has no devtmpfs, debugfs, securityfs, hugetlbfs or pstore");
  }
  scene.seen.text("type", type);
  in_less_privileged(scene, [&](Observation& seen) {
    const std::string path = make_dir("spot");
    seen.call("mount tmpfs", mount_tmpfs(path));
    seen.call("mount it", ::mount("nsbench", path.c_str(), type.c_str(), 0, nullptr));
  });
}

constexpr std::array acts{Act{Side::Inside, inside_mounts, mount_both}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_mounts);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("a tmpfs can be mounted there", seen.errno_of("nested mount tmpfs"));
  j.rule_errno(fmt::format("a {} can't", seen.text_of("type")), EPERM,
               seen.errno_of("nested mount it"));
  return j;
}

}  // namespace types

constexpr Probe device_probe(std::string_view name, std::string_view sentence,
                             std::string_view source, std::string_view first_kernel,
                             std::span<const Act> acts, Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source = source,
              .first_kernel = first_kernel,
              .namespaces = {Kind::Mnt},
              .ways = one_way,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge,
              .control = ControlKind::Positive};
  probe.why =
      "A device node is a way to the hardware that no permission of the host's files guards. In a "
      "file system of one's own one sets the permissions oneself, so there must be no devices.";
  probe.failure =
      "An unprivileged user reads and writes the host's disks and memory through a device node of "
      "their own making.";
  return probe;
}

constexpr Probe with_by_hand(Probe probe, std::string_view by_hand) {
  probe.by_hand = by_hand;
  return probe;
}

}  // namespace

constinit const Probe device_nodes = with_by_hand(
    device_probe("device_nodes", "no device node can be made in a user namespace",
                 "mknod(2), user_namespaces(7); fs/namei.c vfs_mknod() (capable(CAP_MKNOD))", "3.8",
                 making::acts<false>, making::judge_fifo),
    "unshare -Urm sh -c '\n"
    "  mount -t tmpfs none /mnt; mknod /mnt/p p && mknod /mnt/null c 1 3'   # refused");

constinit const Probe device_whiteout = with_by_hand(
    device_probe("device_whiteout",
                 "the 0:0 whiteout of overlays is the one device that can be made",
                 "mknod(2); fs/namei.c vfs_mknod(), include/linux/fs.h WHITEOUT_DEV", "5.8",
                 making::acts<true>, making::judge_whiteout),
    "unshare -Urm sh -c '\n"
    "  mount -t tmpfs none /mnt; mknod /mnt/w c 0 0 && mknod /mnt/null c 1 3'   # refused");

constinit const Probe mount_types = with_by_hand(
    device_probe("mount_types",
                 "a file system that is not for user namespaces can't be mounted in one",
                 "mount(2), user_namespaces(7); fs/super.c mount_capable() (FS_USERNS_MOUNT)",
                 "3.8", types::acts, types::judge),
    "unshare -Urm sh -c 'mount -t tmpfs none /mnt && mount -t devtmpfs none /mnt'   # refused");

// Root: an unprivileged process makes no device to be opened.
constinit const Probe device_open{
    .family = "mnt",
    .name = "device_open",
    .sentence = "a device node on a file system of a user namespace can't be opened",
    .source = "user_namespaces(7); fs/namei.c may_open_dev() (SB_I_NODEV)",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = root_only,
    .acts = opening::acts,
    .judge = opening::judge,
    .why =
        "A node may come into such a file system by other ways than mknod, from root for "
        "example, or within an image that is mounted. It then must lead nowhere.",
    .failure =
        "A user gets at a device through a node in a file system of their own, with "
        "permissions that they set themselves.",
    .by_hand =
        "unshare -Urm sh -c 'mount -t tmpfs none /mnt; sleep 60' & sleep 0.5\n"
        "mknod -m 666 /proc/$!/root/mnt/null c 1 3\n"
        "head -c 1 /proc/$!/root/mnt/null   # permission denied\n"
        "kill $!",
};

}  // namespace nsbench::probes
