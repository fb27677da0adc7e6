// ipc: the limits below /proc/sys are the namespace's own.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>
#include <string>

#include "probes/evidence.h"
#include "probes/ipc/probes.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

// Values that are legal, and nobody's default. First written outside, then inside, then outside.
struct Sysctl {
  std::string_view name;  // below /proc/sys, with dots
  std::string_view first;
  std::string_view inside;
  std::string_view second;
};

constexpr std::array sysv_files{
    Sysctl{"kernel.shmmax", "1000001", "1000002", "1000003"},
    Sysctl{"kernel.shmall", "2000001", "2000002", "2000003"},
    Sysctl{"kernel.shmmni", "3001", "3002", "3003"},
    Sysctl{"kernel.shm_rmid_forced", "1", "0", "1"},  // 0 where nobody wrote
    Sysctl{"kernel.msgmax", "4001", "4002", "4003"},
    Sysctl{"kernel.msgmni", "501", "502", "503"},
    Sysctl{"kernel.msgmnb", "6001", "6002", "6003"},
    Sysctl{"kernel.sem", "71\t7001\t31\t41", "72\t7002\t32\t42", "73\t7003\t33\t43"},
};
constexpr std::array mqueue_files{
    Sysctl{"fs.mqueue.queues_max", "101", "102", "103"},
    Sysctl{"fs.mqueue.msg_max", "11", "12", "13"},
    Sysctl{"fs.mqueue.msgsize_max", "9001", "9002", "9003"},
    Sysctl{"fs.mqueue.msg_default", "4", "5", "6"},
    Sysctl{"fs.mqueue.msgsize_default", "801", "802", "803"},
};
// The identifiers that the next objects are to get, for checkpoint and restore.
constexpr std::array next_id_files{
    Sysctl{"kernel.shm_next_id", "1001", "1002", "1003"},
    Sysctl{"kernel.sem_next_id", "2001", "2002", "2003"},
    Sysctl{"kernel.msg_next_id", "3001", "3002", "3003"},
};

std::string path_of(const Sysctl& sysctl) {
  std::string path = "/proc/sys/" + std::string(sysctl.name);
  for (char& c : path) c = c == '.' ? '/' : c;
  return path;
}

std::string value_of(const Sysctl& sysctl) {
  const Result<std::string> text = read_small_file(path_of(sysctl));
  return text ? trimmed(*text) : text.error().str();
}

void read_all(Observation& seen, std::span<const Sysctl> files) {
  for (const Sysctl& sysctl : files) seen.text(sysctl.name, value_of(sysctl));
}

void write_all(Scene& scene, std::span<const Sysctl> files, std::string_view Sysctl::*value) {
  for (const Sysctl& sysctl : files) {
    const int err = write_small_file(path_of(sysctl), sysctl.*value).error().err;
    scene.seen.result(fmt::format("write {}", sysctl.name), err);
    // Up to 6.8 the files belonged to root of the initial user namespace, whoever owned this one.
    if (err != 0) skip_if_unwritable(scene, path_of(sysctl), err);
  }
  read_all(scene.seen, files);
}

template <const auto& files>
constexpr std::array acts{
    Act{Side::Outside, "outside writes", [](Scene& s) { write_all(s, files, &Sysctl::first); }},
    Act{Side::Inside, "inside is born", [](Scene& s) { read_all(s.seen, files); }},
    Act{Side::Inside, "inside writes", [](Scene& s) { write_all(s, files, &Sysctl::inside); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { read_all(s.seen, files); }},
    Act{Side::Outside, "outside writes again",
        [](Scene& s) { write_all(s, files, &Sysctl::second); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { read_all(s.seen, files); }},
};

template <const auto& files>
Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside writes");
  const Observation& born = t.at("inside is born");
  for (const Sysctl& sysctl : files) {
    j.works_errno(fmt::format("{} can be written inside", sysctl.name),
                  inside.errno_of(fmt::format("write {}", sysctl.name)));
    j.rule_equal(fmt::format("{} inside is what was written there", sysctl.name), sysctl.inside,
                 inside.text_of(sysctl.name));
    const std::string at_birth = born.text_of(sysctl.name);
    j.isolated(fmt::format("{} of a new namespace is not the outside's", sysctl.name),
               fmt::format("anything but '{}'", sysctl.first), at_birth,
               born.find(sysctl.name) != nullptr && at_birth != sysctl.first);
    j.isolated_equal(fmt::format("{} written inside stays inside", sysctl.name), sysctl.first,
                     t.at("outside looks").text_of(sysctl.name));
    j.isolated_equal(fmt::format("{} written outside stays outside", sysctl.name), sysctl.inside,
                     t.at("inside looks").text_of(sysctl.name));
  }
  return j;
}

template <const auto& files>
constexpr Probe sysctl_probe(std::string_view name, std::string_view sentence,
                             std::string_view source, std::string_view first_kernel) {
  return {.family = "ipc",
          .name = name,
          .sentence = sentence,
          .source = source,
          .first_kernel = first_kernel,
          .namespaces = {Kind::Ipc},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts<files>,
          .judge = judge<files>,
          .look = [](Observation& seen) { read_all(seen, files); }};
}

constexpr Probe with_texts(Probe probe, std::string_view why, std::string_view failure,
                           std::string_view by_hand) {
  probe.why = why;
  probe.failure = failure;
  probe.by_hand = by_hand;
  return probe;
}

namespace owner {

// One file of each table, which have permission functions of their own.
constexpr std::array files{std::string_view("kernel.shmmax"), std::string_view("kernel.sem"),
                           std::string_view("fs.mqueue.msg_max")};

void write_own(Scene& scene) {
  for (const std::string_view name : files) {
    const Sysctl sysctl{name, "", "", ""};
    struct stat file {};
    scene.seen.call(fmt::format("stat {}", name), ::stat(path_of(sysctl).c_str(), &file));
    scene.seen.text(fmt::format("{} belongs to", name),
                    file.st_uid == ::geteuid() ? "the caller" : fmt::format("{}", file.st_uid));
    const std::string value = value_of(sysctl);
    scene.seen.result(fmt::format("write {}", name),
                      write_small_file(path_of(sysctl), value).error().err);
  }
}

constexpr std::array acts{
    Act{Side::Inside, "inside writes", write_own},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside writes");
  for (const std::string_view name : files) {
    j.works_errno(fmt::format("{} is there", name), seen.errno_of(fmt::format("stat {}", name)));
    j.rule_equal(fmt::format("{} belongs to root of the owning user namespace", name), "the caller",
                 seen.text_of(fmt::format("{} belongs to", name)));
    j.rule_errno(fmt::format("who may write {}", name), 0,
                 seen.errno_of(fmt::format("write {}", name)));
  }
  return j;
}

}  // namespace owner

}  // namespace

constinit const Probe ipc_sysctls = with_texts(
    sysctl_probe<sysv_files>(
        "sysctls", "the limits of System V IPC below /proc/sys/kernel are the namespace's own",
        "ipc_namespaces(7), proc_sys_kernel(5); ipc/ipc_sysctl.c ipc_sysctls[]", "3.1"),
    "Databases come with values of their own for these limits, and container engines set them per "
    "container (docker run --sysctl kernel.shmmax=..).",
    "Somebody inside lowers a limit of the outside, where services then fail, or lifts one.",
    "# as root\n"
    "cat /proc/sys/kernel/msgmax\n"
    "unshare --ipc sh -c 'echo 4002 > /proc/sys/kernel/msgmax; cat /proc/sys/kernel/msgmax'\n"
    "cat /proc/sys/kernel/msgmax   # unchanged");

constinit const Probe mqueue_sysctls = with_texts(
    sysctl_probe<mqueue_files>(
        "mqueue_sysctls", "the limits of POSIX message queues in fs.mqueue are the namespace's own",
        "ipc_namespaces(7), mq_overview(7); ipc/mq_sysctl.c mq_sysctls[]", "3.5"),
    "How many queues there may be, and how large, is kernel memory that somebody inside can "
    "claim.",
    "Somebody inside lifts the limits of the outside, or forbids it to open queues.",
    "# as root\n"
    "cat /proc/sys/fs/mqueue/msg_max\n"
    "unshare --ipc sh -c 'echo 12 > /proc/sys/fs/mqueue/msg_max; cat /proc/sys/fs/mqueue/msg_max'\n"
    "cat /proc/sys/fs/mqueue/msg_max   # unchanged");

constinit const Probe next_ids = with_texts(
    sysctl_probe<next_id_files>(
        "next_ids", "the identifier asked for the next System V object is the namespace's own",
        "proc_sys_kernel(5); ipc/ipc_sysctl.c ipc_sysctls[] (CONFIG_CHECKPOINT_RESTORE)", "3.9"),
    "Checkpoint and restore (CRIU) sets these files to give a restored object its old identifier.",
    "A restore inside decides which identifier the next object outside gets.",
    "# as root\n"
    "unshare --ipc sh -c 'echo 1002 > /proc/sys/kernel/shm_next_id; ipcmk --shmem 4096'\n"
    "cat /proc/sys/kernel/shm_next_id   # -1");

constinit const Probe ipc_sysctl_owner{
    .family = "ipc",
    .name = "sysctl_owner",
    .sentence = "the files of the limits belong to root of the namespace's user namespace",
    .source = "user_namespaces(7); ipc/ipc_sysctl.c ipc_set_ownership(), ipc/mq_sysctl.c",
    .first_kernel = "6.9",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = owner::acts,
    .judge = owner::judge,
    .why =
        "Rootless containers could not set their own limits before. The kernel asks whether the "
        "caller is root of the user namespace that owns the ipc namespace.",
    .failure = "A rootless container can't set its limits, or the kernel asks the wrong namespace.",
    .by_hand =
        "# as an ordinary user\n"
        "unshare --map-root-user --ipc ls -ln /proc/sys/kernel/msgmax   # owner 0\n"
        "unshare --map-root-user ls -ln /proc/sys/kernel/msgmax   # owner 65534",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
