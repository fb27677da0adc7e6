// mnt: setuid bits and file capabilities count on mounts of one's own namespaces only.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/mnt/tiny_program.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::probes {

namespace {

constexpr uid_t nobody = 65534;
constexpr int granted = CAP_CHOWN;  // it is in every container's bounding set

// Becomes a process that execve of a file with capabilities, and of no other, can give one to:
// without SECBIT_NOROOT uid 0 would get all of them.
bool have_no_capabilities() {
  if (::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) != 0) return false;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool be_nobody() { return ::setresuid(nobody, nobody, nobody) == 0; }

// Version 3: the capabilities count where `root` is uid 0, or below there.
bool grant(int file, uid_t root) {
  vfs_ns_cap_data data{};
  data.magic_etc = VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE;
  data.data[0].permitted = 1U << granted;
  data.rootid = root;
  return ::fsetxattr(file, "security.capability", &data, sizeof data, 0) == 0;
}

// A program below the directory `dir` that is open: setuid, and with a capability if so asked.
void make_program(Observation& seen, int dir, bool with_capability) {
  const Fd file(::openat(dir, "program", O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
  const std::string program = tiny_program();
  const auto size = static_cast<ssize_t>(program.size());
  if (::write(file.get(), program.data(), program.size()) != size) return;
  seen.call("chmod", ::fchmod(file.get(), with_capability ? 0755 : 04755));
  if (with_capability) seen.result("grant", grant(file.get(), ::geteuid()) ? 0 : errno);
}

void make_on_mount(Observation& seen, std::string_view name, bool with_capability) {
  seen.call("mount", mount_at(name));
  const Fd dir(::open(place(name).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  make_program(seen, dir.get(), with_capability);
}

void run_program(Observation& seen, std::string_view name, const std::string& dir,
                 bool with_capability) {
  const Fd program(::open((dir + "/program").c_str(), O_PATH | O_CLOEXEC));
  const Executed ran = execute(program.get(), with_capability ? have_no_capabilities : be_nobody);
  seen.result(fmt::format("execve {}", name), ran.err);
  seen.text(fmt::format("{} gives", name), with_capability ? ran.capabilities : ran.user);
}

// Whether this user namespace has the id (user_namespaces(7)).
bool is_mapped_here(std::int64_t id) {
  const Result<std::string> text = read_small_file("/proc/self/uid_map");
  const auto map = text ? parse_id_map(*text) : text.error();
  return map && is_mapped(*map, id);
}

// Evidence that the environment takes privileges of files away, or has none to give.
void skip_where_impossible(Scene& scene, bool with_capability) {
  const Result<std::string> status = read_small_file("/proc/self/status");
  if (tiny_program().empty()) {
    scene.skip(SkipReason::NoFeature, "nsbench has no program for this machine to execute");
  } else if (status && field_of(*status, "NoNewPrivs") == "1") {
    scene.skip(SkipReason::Policy, "no_new_privs is set (PR_SET_NO_NEW_PRIVS)");
  } else if (!has_capability(with_capability ? CAP_SETFCAP : CAP_SETUID)) {
    scene.skip(SkipReason::NoPrivilege, with_capability ? "this process has no CAP_SETFCAP"
                                                        : "this process has no CAP_SETUID");
  } else if (!with_capability && !is_mapped_here(nobody)) {
    scene.skip(SkipReason::NoPrivilege,
               fmt::format("id {} is not mapped in this user namespace", nobody));
  } else if (with_capability && !(has_capability(CAP_SETPCAP) && has_capability(granted))) {
    scene.skip(SkipReason::NoPrivilege, "this process lacks CAP_SETPCAP or CAP_CHOWN");
  }
}

namespace foreign_namespace {

constexpr std::string_view outside_runs = "outside runs both programs";

template <bool with_capability>
void make_own(Scene& scene) {
  skip_where_impossible(scene, with_capability);
  if (!scene.ended()) make_on_mount(scene.seen, "own", with_capability);
}

template <bool with_capability>
void run_both(Scene& scene) {
  run_program(scene.seen, "one's own", place("own"), with_capability);
  const std::string root = fmt::format("/proc/{}/root", scene.inside_pid());
  run_program(scene.seen, "the inside's", root + place("theirs"), with_capability);
}

// The outside tells here which id it is without any help.
template <bool with_capability>
constexpr std::array acts{
    Act{Side::Outside, "outside makes a program", make_own<with_capability>},
    Act{Side::Inside, "inside makes a program",
        [](Scene& s) { make_on_mount(s.seen, "theirs", with_capability); }},
    Act{Side::Outside, outside_runs, run_both<with_capability>},
};

constexpr std::string_view one_capability = "0000000000000001";
constexpr std::string_view no_capability = "0000000000000000";

Judgement judge_capability(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(outside_runs);
  j.works_errno("a file outside can be given a capability",
                t.at("outside makes a program").errno_of("grant"));
  j.works_errno("a file inside can be given a capability",
                t.at("inside makes a program").errno_of("grant"));
  j.works_errno("the outside's program can be executed", seen.errno_of("execve one's own"));
  j.works_equal("and gives the capability", one_capability, seen.text_of("one's own gives"));
  j.works_errno("the inside's program can be executed outside",
                seen.errno_of("execve the inside's"));
  j.isolated_equal("but gives no capability there", no_capability,
                   seen.text_of("the inside's gives"));
  return j;
}

Judgement judge_setuid(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(outside_runs);
  j.works_errno("a setuid file can be made outside",
                t.at("outside makes a program").errno_of("chmod"));
  j.works_errno("a setuid file can be made inside",
                t.at("inside makes a program").errno_of("chmod"));
  j.works_errno("the outside's program can be executed", seen.errno_of("execve one's own"));
  j.works_equal("and makes nobody root", "0", seen.text_of("one's own gives"));
  j.works_errno("the inside's program can be executed outside",
                seen.errno_of("execve the inside's"));
  j.isolated_equal("but leaves nobody what it is", std::to_string(nobody),
                   seen.text_of("the inside's gives"));
  return j;
}

}  // namespace foreign_namespace

namespace foreign_owner {

constexpr std::string_view inside_runs = "inside, a mount of the less privileged is attached";

// A tmpfs that is mounted nowhere: one that belongs to the user namespace of who made it.
Fd make_tmpfs(Observation& seen) {
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  seen.call("fsopen", context.get());
  ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  seen.call("fsmount", mount.get());
  return mount;
}

void attach_and_run(Scene& scene) {
  skip_where_impossible(scene, true);
  if (scene.ended()) return;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return scene.broken("socketpair");
  }
  const Fd ours(ends[0]), theirs(ends[1]);
  const auto send_mount = [&](Observation& seen) {
    const Fd mount = make_tmpfs(seen);
    make_program(seen, mount.get(), true);
    if (mount.valid()) seen.result("send", send_fd(theirs.get(), mount.get()) ? 0 : errno);
  };
  if (!in_less_privileged(scene, send_mount)) return;
  if (scene.seen.errno_of("nested send") != 0) return;
  const Fd mount = receive_fd(ours.get());
  const std::string to = make_dir("given");
  scene.seen.call("move_mount", ::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, to.c_str(),
                                          MOVE_MOUNT_F_EMPTY_PATH));
  run_program(scene.seen, "the given", to, true);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a program", foreign_namespace::make_own<true>},
    Act{Side::Inside, inside_runs, attach_and_run},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_runs);
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("there a file can be given a capability", seen.errno_of("nested grant"));
  j.works_errno("the file system can be attached inside", seen.errno_of("move_mount"));
  j.works_errno("the program on it can be executed", seen.errno_of("execve the given"));
  j.isolated_equal("but gives no capability", foreign_namespace::no_capability,
                   seen.text_of("the given gives"));
  return j;
}

}  // namespace foreign_owner

constexpr std::string_view source =
    "user_namespaces(7), capabilities(7); fs/namespace.c mnt_may_suid()";
constexpr std::string_view why =
    "In a user namespace of one's own anybody makes files that are setuid or have capabilities, "
    "and a process outside can reach them through /proc/PID/root or a descriptor. There they must "
    "be plain files.";
constexpr std::string_view failure =
    "A user gains privileges outside of a namespace by executing a program prepared inside.";

}  // namespace

constinit const Probe file_caps_foreign{
    .family = "mnt",
    .name = "file_caps_foreign",
    .sentence = "file capabilities on a mount of another mount namespace have no effect",
    .source = source,
    .first_kernel = "4.14",  // the rule is from 4.8, capabilities in user namespaces from 4.14
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = foreign_namespace::acts<true>,
    .judge = foreign_namespace::judge_capability,
    .why = why,
    .failure = failure,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; cp /bin/grep /mnt\n"
        "  setcap cap_chown+ep /mnt/grep; sleep 60' & sleep 0.5\n"
        "setpriv --reuid 65534 --clear-groups /proc/$!/root/mnt/grep CapEff "
        "/proc/self/status\n"
        "kill $!",
};

// Two user ids are needed, which a user namespace made without privileges does not have.
constinit const Probe setuid_foreign{
    .family = "mnt",
    .name = "setuid_foreign",
    .sentence = "a setuid file on a mount of another mount namespace is an ordinary one",
    .source = source,
    .first_kernel = "4.8",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = root_only,
    .acts = foreign_namespace::acts<false>,
    .judge = foreign_namespace::judge_setuid,
    .why = why,
    .failure = failure,
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; cp /usr/bin/id /mnt; chmod u+s /mnt/id\n"
        "  sleep 60' & sleep 0.5\n"
        "setpriv --reuid 65534 --clear-groups /proc/$!/root/mnt/id -u   # 65534\n"
        "kill $!",
};

constinit const Probe file_caps_foreign_owner{
    .family = "mnt",
    .name = "file_caps_foreign_owner",
    .sentence = "file capabilities on a file system of another user namespace have no effect",
    .source = source,
    .first_kernel = "5.2",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = foreign_owner::acts,
    .judge = foreign_owner::judge,
    .why =
        "With the calls of Linux 5.2 a mount can be handed over by a descriptor and attached "
        "elsewhere. The file system still belongs to the user namespace that made it, and so "
        "do the capabilities of its files.",
    .failure = failure,
    .by_hand =
        "# needs fsmount(2) and move_mount(2) in two processes; a mount that is merely "
        "inherited shows the same:\n"
        "unshare -Urm sh -c '\n"
        "  mount -t tmpfs none /mnt; cp /bin/grep /mnt; setcap cap_chown+ep /mnt/grep\n"
        "  sleep 60' & sleep 0.5\n"
        "setpriv --reuid 65534 --clear-groups /proc/$!/root/mnt/grep CapEff "
        "/proc/self/status\n"
        "kill $!",
};

}  // namespace nsbench::probes
