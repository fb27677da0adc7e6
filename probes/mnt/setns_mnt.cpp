// mnt: what setns, and an unshare that fails, do to the root directory and the working directory.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

std::string directory(const char* path) {
  struct stat info {};
  if (::stat(path, &info) != 0) return errno_name(errno);
  return fmt::format("{}:{}", info.st_dev, info.st_ino);
}

Fd namespace_of(pid_t pid) {
  return Fd(::open(fmt::format("/proc/{}/ns/mnt", pid).c_str(), O_RDONLY | O_CLOEXEC));
}

int join(const Fd& target) { return calls::setns(target.get(), CLONE_NEWNS); }

namespace joining {

constexpr std::array setns_only{Way{Method::Setns, ""}};
constexpr std::string_view outside_joins = "outside joins the inside";

// Gives up one capability, in the effective set alone.
bool without(int capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  data[0].effective &= ~(1U << static_cast<unsigned>(capability));
  return ::syscall(SYS_capset, &header, data.data()) == 0;
}

void join_without(Scene& scene, pid_t pid, int capability, std::string_view fact) {
  in_child(scene, [&](Observation& seen) {
    const Fd target = namespace_of(pid);
    if (without(capability)) seen.call(fact, join(target));
  });
}

// A child that has the same root and working directory (CLONE_FS) is in the way while it lives.
void join_sharing(Scene& scene, pid_t pid) {
  in_child(scene, [&](Observation& seen) {
    const Fd target = namespace_of(pid);
    Result<Child> sharer = Child::start("clone(CLONE_FS)", calls::clone, CLONE_FS, [] {
      ::pause();
      return 0;
    });
    if (!sharer) return;
    seen.call("with a shared fs_struct", join(target));
    sharer->kill();
    seen.call("afterwards", join(target));
  });
}

void join_elsewhere(Scene& scene, pid_t pid) {
  in_child(scene, [&](Observation& seen) {
    const Fd target = namespace_of(pid);
    seen.text("root at first", directory("/"));
    const std::string jail = make_dir("jail/below");
    seen.call("chroot", ::chroot(place("jail").c_str()));
    seen.call("chdir", ::chdir("/below"));
    seen.call("setns", join(target));
    seen.text("root", directory("/"));
    seen.text("working directory", directory("."));
    seen.call("reach", reach("by-inside"));
  });
}

void join_all_ways(Scene& scene) {
  const pid_t inside = scene.inside_pid();
  join_without(scene, inside, CAP_SYS_ADMIN, "without CAP_SYS_ADMIN");
  join_without(scene, inside, CAP_SYS_CHROOT, "without CAP_SYS_CHROOT");
  if (!scene.ended()) join_sharing(scene, inside);
  if (!scene.ended()) join_elsewhere(scene, inside);
}

constexpr std::array acts{
    Act{Side::Inside, "inside mounts",
        [](Scene& s) { s.seen.call("mount", mount_at("by-inside")); }},
    Act{Side::Outside, outside_joins, join_all_ways},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(outside_joins);
  j.works_errno("the inside can mount", t.at("inside mounts").errno_of("mount"));
  j.works_errno("the inside's namespace can be joined", seen.errno_of("setns"));
  j.works_errno("its mounts are then seen", seen.errno_of("reach"));
  j.works_errno("it can be joined when nobody shares the fs_struct any more",
                seen.errno_of("afterwards"));
  j.works_errno("the root directory can be another one before", seen.errno_of("chroot"));
  j.rule_errno("setns needs CAP_SYS_ADMIN", EPERM, seen.errno_of("without CAP_SYS_ADMIN"));
  j.rule_errno("setns needs CAP_SYS_CHROOT", EPERM, seen.errno_of("without CAP_SYS_CHROOT"));
  j.rule_errno("setns is refused while the fs_struct is shared", EINVAL,
               seen.errno_of("with a shared fs_struct"));
  j.rule_equal("setns makes the namespace's root the root directory", seen.text_of("root at first"),
               seen.text_of("root"));
  j.rule_equal("and the working directory", seen.text_of("root at first"),
               seen.text_of("working directory"));
  return j;
}

}  // namespace joining

namespace loop {

std::string outcome(int err) {
  if (err < 0) return "(not seen)";
  return err == 0 ? "success" : errno_name(err);
}

void bind_namespaces(Scene& scene) {
  const std::string inner = fmt::format("/proc/{}/ns/mnt", scene.inside_pid());
  const std::string file = make_file("ns-file");
  scene.seen.call("bind one's own", mount_bind("/proc/self/ns/mnt", file));
  scene.seen.call("bind the inside's", mount_bind(inner, file));
  ::umount2(file.c_str(), MNT_DETACH);
  scene.seen.call("bind another kind", mount_bind("/proc/self/ns/uts", file));
}

// PID 1 here is the outside's process.
void bind_outer(Scene& scene) {
  scene.seen.call("bind the outside's", mount_bind("/proc/1/ns/mnt", make_file("ns-file")));
}

constexpr std::array acts{
    Act{Side::Inside, "inside binds", bind_outer},
    Act{Side::Outside, "outside binds", bind_namespaces},
};

// Which of the two comes first in the kernel's order is not promised, only that there is one.
Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside binds");
  const int inner = seen.errno_of("bind the inside's");
  const int outer = t.at("inside binds").errno_of("bind the outside's");
  const std::string both = fmt::format("outside {}, inside {}", outcome(inner), outcome(outer));
  j.works_errno("the file of a namespace of another kind can be bound",
                seen.errno_of("bind another kind"));
  j.isolated("of two namespaces one can hold the other's file", "success on one side", both,
             inner == 0 || outer == 0);
  j.rule("two namespaces can't hold each other's file", "EINVAL on one side", both,
         inner == EINVAL || outer == EINVAL);
  j.rule_errno("none can hold its own", EINVAL, seen.errno_of("bind one's own"));
  return j;
}

}  // namespace loop

namespace failing {

constexpr const char* limit_file = "/proc/sys/user/max_uts_namespaces";
constexpr std::string_view inside_fails = "inside, an unshare fails half-way";

// The mount namespace is made first, then the uts namespace is refused.
void fail_half_way(Observation& seen) {
  mount_at("here");
  make_dir("here/sub");
  seen.call("chdir", ::chdir(place("here").c_str()));
  seen.call("mount before", ::mount("nsbench", "sub", "tmpfs", 0, "size=64k"));
  seen.result("set the limit", write_small_file(limit_file, "0").error().err);
  seen.call("unshare both", calls::unshare(CLONE_NEWNS | CLONE_NEWUTS));
  seen.call("mount below the working directory", ::mount("nsbench", "sub", "tmpfs", 0, "size=64k"));
  seen.call("mount by an absolute path", mount_at("there"));
  seen.number("listed", find_mount(read_mounts(), place("there")).point.empty() ? 0 : 1);
  seen.call("unshare one", calls::unshare(CLONE_NEWNS));
}

void try_to_unshare(Scene& scene) {
  if (!in_less_privileged(scene, fail_half_way)) return;
  if (scene.seen.errno_of("nested set the limit") == EROFS) {
    scene.skip(SkipReason::Policy, std::string(limit_file) + " is on a read-only mount");
  }
}

constexpr std::array acts{Act{Side::Inside, inside_fails, try_to_unshare}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_fails);
  j.works_errno("a namespace to try it in can be entered", seen.errno_of("nested enter"));
  j.works_errno("there one can mount", seen.errno_of("nested mount before"));
  j.works_errno("the limit can be set to 0", seen.errno_of("nested set the limit"));
  j.works_errno("unshare(CLONE_NEWNS) alone works", seen.errno_of("nested unshare one"));
  j.rule_errno("unshare(CLONE_NEWNS|CLONE_NEWUTS) is refused then", ENOSPC,
               seen.errno_of("nested unshare both"));
  j.rule_errno("one can still mount below the working directory", 0,
               seen.errno_of("nested mount below the working directory"));
  j.rule_errno("one can still mount by an absolute path", 0,
               seen.errno_of("nested mount by an absolute path"));
  j.rule_equal("and sees that mount listed", "1", std::to_string(seen.number_of("nested listed")));
  return j;
}

}  // namespace failing

}  // namespace

constinit const Probe setns_mnt{
    .family = "mnt",
    .name = "setns_mnt",
    .sentence = "setns to a mount namespace needs two capabilities and resets root and directory",
    .source = "setns(2); fs/namespace.c mntns_install()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = joining::setns_only,
    .privileges = all_privileges,
    .acts = joining::acts,
    .judge = joining::judge,
    .why =
        "nsenter, docker exec and systemd-run --machine join a container's mounts. A working "
        "directory or a root that stayed behind would be a way from the container to the host "
        "and back.",
    .failure =
        "A process that entered a container still has the host's tree below its working "
        "directory, or somebody without the rights enters at all.",
    .by_hand =
        "unshare -m sleep 60 & sleep 0.1\n"
        "nsenter -t $! -m pwd            # /\n"
        "setpriv --bounding-set -sys_chroot --inh-caps -sys_chroot \\\n"
        "  nsenter -t $! -m true         # refused\n"
        "kill $!",
    .control = ControlKind::Positive,
};

constinit const Probe ns_file_loop{
    .family = "mnt",
    .name = "ns_file_loop",
    .sentence = "no mount namespace holds its own file, nor do two hold each other's",
    .source = "mount_namespaces(7), namespaces(7); fs/namespace.c mnt_ns_loop()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = loop::acts,
    .judge = loop::judge,
    .why =
        "Namespaces are kept alive by mounting their files (ip netns, unshare --mount=FILE). A "
        "mount namespace that holds its own file, directly or through another one, could "
        "never be freed.",
    .failure = "Anybody who may mount uses up kernel memory that only a reboot gives back.",
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; touch /mnt/ns\n"
        "  mount --bind /proc/self/ns/mnt /mnt/ns   # refused\n"
        "  unshare -m sleep 9 & sleep 0.1; mount --bind /proc/$!/ns/mnt /mnt/ns\n"
        "  grep nsfs /proc/self/mountinfo'",
};

constinit const Probe failed_unshare{
    .family = "mnt",
    .name = "failed_unshare",
    .sentence = "an unshare that fails half-way leaves root and working directory where they were",
    .source = "unshare(2); CVE-2026-43472; kernel/fork.c ksys_unshare(), unshare_fs()",
    .first_kernel = "4.9",  // with the limit that makes it fail
    .namespaces = {Kind::Mnt},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = failing::acts,
    .judge = failing::judge,
    .why =
        "unshare makes the mount namespace first. When a later kind was refused, kernels "
        "without the fix left the process's directories in the mounts of the namespace that "
        "was thrown away.",
    .failure =
        "The process's paths lead into a dead tree of mounts: it can't mount any more, and "
        "what it sees below / is not what /proc/self/mountinfo lists.",
    .by_hand =
        "unshare -Urm sh -c '\n"
        "  echo 0 > /proc/sys/user/max_uts_namespaces\n"
        "  unshare -m -u true              # refused: no space left\n"
        "  mount -t tmpfs none /mnt'       # a shell can't show it: unshare(1) is forked",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
