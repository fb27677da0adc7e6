// pid: a number of the outside names nobody inside, whichever call it is given to.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

constexpr pid_t used_up_outside = 24;

struct Named {
  const char* name;
  long (*call)(pid_t);  // changes nothing about the process
};

long set_same_priority(pid_t pid) {
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid));
  if (now == -1 && errno != 0) return -1;
  return ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), now);
}

long set_same_affinity(pid_t pid) {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return -1;
  return ::sched_setaffinity(pid, sizeof set, &set);
}

long get_capabilities(pid_t pid) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = pid};
  std::array<__user_cap_data_struct, 2> data{};
  return ::syscall(SYS_capget, &header, data.data());
}

long get_robust_list(pid_t pid) {
  void* head = nullptr;
  std::size_t length = 0;
  return ::syscall(SYS_get_robust_list, pid, &head, &length);
}

long read_memory(pid_t pid) {
  static const std::uint64_t word = 0;  // at the same address in every process of the arena
  std::uint64_t copy = 0;
  iovec to{&copy, sizeof copy};
  iovec from{const_cast<std::uint64_t*>(&word), sizeof word};
  return ::process_vm_readv(pid, &to, 1, &from, 1, 0);
}

// A descriptor's signals would go to that process.
long own_descriptor(pid_t pid) {
  Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  f_owner_ex owner{F_OWNER_PID, pid};
  return ::fcntl(file.get(), F_SETOWN_EX, &owner);
}

long open_pidfd(pid_t pid) {
  const Fd pidfd(calls::pidfd_open(pid));
  return pidfd.valid() ? 0 : -1;
}

long limit_of(pid_t pid) {
  rlimit limit{};
  return ::prlimit(pid, RLIMIT_CORE, nullptr, &limit);
}

constexpr std::array named{
    Named{"pidfd_open", open_pidfd},
    Named{"getsid", [](pid_t pid) -> long { return ::getsid(pid); }},
    Named{"getpgid", [](pid_t pid) -> long { return ::getpgid(pid); }},
    Named{"setpriority", set_same_priority},
    Named{"sched_getscheduler", [](pid_t pid) -> long { return ::sched_getscheduler(pid); }},
    Named{"sched_setaffinity", set_same_affinity},
    Named{"prlimit", limit_of},
    Named{"ioprio_get", [](pid_t pid) { return ::syscall(SYS_ioprio_get, 1, pid); }},
    Named{"capget", get_capabilities},
    Named{"get_robust_list", get_robust_list},
    Named{"process_vm_readv", read_memory},
    Named{"F_SETOWN_EX", own_descriptor},
};

long trace(pid_t pid) { return ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr); }

void name_outsider(Scene& scene) {
  const auto victim = static_cast<pid_t>(scene.saw("outside has a process").number_of("listener"));
  for (const Named& one : named) scene.seen.call(one.name, one.call(victim));
  // In a process to throw away: what it might trace, it lets go of by ending.
  in_child(scene, [victim](Observation& seen) { seen.call("ptrace", trace(victim)); });
}

// The same calls on a process of the inside's own. The first that fails, if one does.
void name_own(Scene& scene) {
  Result<Child> own = Child::fork([] {
    for (;;) ::pause();
    return 0;
  });
  if (!own) return scene.broken(own.error().str());
  std::string refused = "none";
  for (const Named& one : named) {
    if (one.call(own->pid()) < 0) refused = fmt::format("{}: {}", one.name, errno_name(errno));
  }
  scene.seen.text("refused", refused);
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a process",
        [](Scene& s) {
          if (!use_up_pids(used_up_outside)) return s.broken("fork failed");
          start_listener(s);
        }},
    Act{Side::Inside, "inside names it", name_outsider},
    Act{Side::Inside, "inside names its own", name_own},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside names it");
  j.rule_equal("no call is refused for a process of the namespace", "none",
               t.at("inside names its own").text_of("refused"));
  for (const Named& one : named) {
    j.isolated_errno(fmt::format("a process outside is nobody inside: {}", one.name), ESRCH,
                     inside.errno_of(one.name));
  }
  j.isolated_errno("a process outside is nobody inside: ptrace", ESRCH, inside.errno_of("ptrace"));
  return j;
}

namespace pidfds {

// What /proc says about a descriptor of the outside's process, through a proc of the inside's own.
void look_at_pidfd(Scene& scene) {
  const auto pidfd = static_cast<int>(scene.saw("outside opens itself").number_of("pidfd"));
  const std::string proc = mount_own_proc(scene);
  if (proc.empty()) return;
  const Fd own(calls::pidfd_open(::getpid()));
  for (const auto& [name, fd] : {std::pair("outside's", pidfd), std::pair("own", own.get())}) {
    const Result<std::string> info = read_small_file(fmt::format("{}/self/fdinfo/{}", proc, fd));
    scene.seen.text(fmt::format("{} Pid", name), info ? field_of(*info, "Pid") : "no file");
    scene.seen.text(fmt::format("{} NSpid", name), info ? field_of(*info, "NSpid") : "no file");
  }
  scene.seen.number("getpid", ::getpid());
}

constexpr std::array acts{
    Act{Side::Outside, "outside opens itself",
        [](Scene& s) {
          Fd pidfd(calls::pidfd_open(::getpid()));
          if (!pidfd.valid()) return s.broken("pidfd_open: " + errno_name(errno));
          s.seen.number("pidfd", pidfd.release());
        }},
    Act{Side::Inside, "inside reads its fdinfo", look_at_pidfd},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside reads its fdinfo");
  const std::string own = std::to_string(inside.number_of("getpid"));
  j.works_errno("proc can be mounted inside", inside.errno_of("mount(proc)"));
  j.rule_equal("Pid of a pidfd of a process inside is its number", own, inside.text_of("own Pid"));
  j.rule_equal("NSpid of that pidfd starts with the same", own, inside.text_of("own NSpid"));
  j.isolated_equal("Pid of a pidfd of a process outside is 0 inside", "0",
                   inside.text_of("outside's Pid"));
  j.isolated_equal("NSpid of a pidfd of a process outside is 0 inside", "0",
                   inside.text_of("outside's NSpid"));
  return j;
}

}  // namespace pidfds

}  // namespace

constinit const Probe unknown_pids{
    .family = "pid",
    .name = "unknown_pids",
    .sentence = "a process outside can't be named inside, whichever call its number is given to",
    .source =
        "pid_namespaces(7) \"Nesting PID namespaces\", pidfd_open(2), setpriority(2), "
        "prlimit(2), sched_setaffinity(2), ptrace(2); kernel/pid.c find_task_by_vpid()",
    .first_kernel = "5.3",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Every call that takes a pid looks the number up in the caller's namespace. One that "
        "looks in another names a process of the host, and each such call is a door of its own.",
    .failure =
        "Somebody inside can watch, slow down, bind to a processor, or even trace and read "
        "processes of the host.",
    .by_hand =
        "sleep 1000 & victim=$!\n"
        "unshare --pid --fork taskset -p $victim   # No such process\n"
        "unshare --pid --fork prlimit --pid $victim --core   # No such process\n"
        "unshare --pid --fork renice 5 $victim   # No such process\n"
        "kill $victim",
};

constinit const Probe pidfd_info{
    .family = "pid",
    .name = "pidfd_info",
    .sentence = "fdinfo of a pidfd shows 0 for a process that the reader's /proc can't see",
    .source = "proc_pid_fdinfo(5), clone(2) CLONE_PIDFD; fs/pidfs.c pidfd_show_fdinfo()",
    .first_kernel = "5.6",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = pidfds::acts,
    .judge = pidfds::judge,
    .why =
        "Programs read a pidfd's number from fdinfo to find the process in /proc. A number of "
        "another namespace would make them act on the wrong process.",
    .failure =
        "Somebody inside learns the numbers of the host's processes, and a program inside "
        "takes one for a process of its own.",
    .by_hand =
        "python3 - <<'EOF'\n"
        "import os, subprocess\n"
        "pidfd = os.pidfd_open(os.getpid())\n"
        "subprocess.run(['unshare', '--pid', '--fork', '--mount-proc', 'grep', 'Pid',\n"
        "                f'/proc/self/fdinfo/{pidfd}'], pass_fds=[pidfd])   # Pid: 0\n"
        "EOF",
};

}  // namespace nsbench::probes
