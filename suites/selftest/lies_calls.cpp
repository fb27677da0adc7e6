// Lies about the calls themselves: who moves, who may, and what is refused.
#include <linux/capability.h>
#include <linux/ioctl.h>
#include <linux/sched.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array ioctls{long{SYS_ioctl}};
constexpr std::array setns_call{long{SYS_setns}};
constexpr std::array unshare_call{long{SYS_unshare}};
constexpr std::array clone_call{long{SYS_clone}};
constexpr std::array clone3_call{long{SYS_clone3}};
constexpr std::array making_calls{long{SYS_clone}, long{SYS_clone3}, long{SYS_unshare}};
#ifdef SYS_readlink
constexpr std::array readlinks{long{SYS_readlink}, long{SYS_readlinkat}};
constexpr std::array unshare_and_readlinks{long{SYS_unshare}, long{SYS_readlink},
                                           long{SYS_readlinkat}};
#else
constexpr std::array readlinks{long{SYS_readlinkat}};
constexpr std::array unshare_and_readlinks{long{SYS_unshare}, long{SYS_readlinkat}};
#endif
constexpr std::array openat_call{long{SYS_openat}};

constexpr std::uint64_t detached = 0x00400000;   // CLONE_DETACHED
constexpr std::uint64_t new_flags = 0x7E020080;  // CLONE_NEW*

// The flags of a call that makes namespaces; classic clone's without its exit signal.
std::uint64_t flags_of(const Call& call) {
  if (call.number() != SYS_clone3) {
    return call.number() == SYS_clone ? call.arg(0) & ~std::uint64_t{CSIGNAL} : call.arg(0);
  }
  const std::string bytes = call.read(call.arg(0), sizeof(std::uint64_t));
  std::uint64_t flags = 0;
  if (bytes.size() == sizeof flags) std::memcpy(&flags, bytes.data(), sizeof flags);
  return flags;
}

void set_flags(Call& call, std::uint64_t flags) {
  if (call.number() == SYS_clone3) {
    call.write(call.arg(0), {reinterpret_cast<const char*>(&flags), sizeof flags});
  } else {
    const std::uint64_t signal = call.number() == SYS_clone ? call.arg(0) & CSIGNAL : 0;
    call.set_arg(0, flags | signal);
  }
}

bool of_pidfd(const Call& call) {
  const std::string file = call.file_of(call.arg(0));
  return file.find("pidfd") != std::string::npos;
}

template <int err>
void grant(Call& call) {
  if (call.result() == -err) call.set_result(0);
}

// Every plain fork gets a uts namespace of its own.
void share_nothing(Call& call) {
  constexpr std::uint64_t thread_flags = CLONE_VM | CLONE_THREAD;
  const std::uint64_t flags = flags_of(call);
  if ((flags & (new_flags | thread_flags)) == 0) set_flags(call, flags | CLONE_NEWUTS);
}

// Whoever did not call unshare is shown other namespaces afterwards, as if it had moved too.
void move_bystanders(Call& call) {
  if (call.number() == SYS_unshare) {
    if (call.result() == 0 && call.arg(0) != 0) call.memory()["moved"] = "yes";
    return;
  }
  const int at = call.number() == SYS_readlinkat ? 2 : 1;
  if (!call.memory().contains("moved") || call.result() <= 0) return;
  const std::string link = call.read(call.arg(at), static_cast<std::size_t>(call.result()));
  if (link.find(":[") == std::string::npos) return;
  call.write(call.arg(at), link.substr(0, link.find('[')) + "[1]");
  call.set_result(static_cast<long>(link.find('[')) + 3);
}

void join_less(Call& call) {
  if (of_pidfd(call)) call.set_arg(1, call.arg(1) & ~std::uint64_t{CLONE_NEWIPC});
}
void join_more(Call& call) {
  if (of_pidfd(call)) call.set_arg(1, call.arg(1) | CLONE_NEWCGROUP);
}

// What can be joined is, though the call fails.
void join_the_rest(Call& call) {
  if (!of_pidfd(call) || (call.arg(1) & CLONE_NEWPID) == 0) return;
  call.memory()["half"] = "yes";
  call.set_arg(1, call.arg(1) & ~std::uint64_t{CLONE_NEWPID});
}
void fail_all_the_same(Call& call) {
  if (call.memory().erase("half") != 0) call.set_result(-EINVAL);
}

constexpr unsigned first_of_pidfd = _IO(0xff, 1);
constexpr unsigned last_of_pidfd = _IO(0xff, 10);
bool asks_pidfd(const Call& call) {
  const auto request = static_cast<unsigned>(call.arg(1));
  return request >= first_of_pidfd && request <= last_of_pidfd;
}
void answer_the_next_kind(Call& call) {
  if (!asks_pidfd(call)) return;
  const auto request = static_cast<unsigned>(call.arg(1));
  call.set_arg(1, request == last_of_pidfd ? first_of_pidfd : request + 1);
}
void ignore_the_argument(Call& call) {
  if (asks_pidfd(call)) call.set_arg(2, 0);
}
template <int err>
void grant_pidfd_ioctl(Call& call) {
  if (asks_pidfd(call) && call.result() == -err) call.set_result(0);
}

void show_links_to_all(Call& call) {
  const int path = call.number() == SYS_readlinkat ? 1 : 0;
  if (call.result() != -EACCES || call.text(call.arg(path)).find("/ns/") == std::string::npos) {
    return;
  }
  call.write(call.arg(path + 1), "uts:[1]");
  call.set_result(7);
}
void open_files_to_all(Call& call) {
  if (call.result() == -EACCES && call.text(call.arg(1)).find("/ns/") != std::string::npos) {
    call.set_result(0);
  }
}

// Whether the process lacks CAP_SYS_ADMIN.
bool unprivileged(const Call& call) {
  const Result<std::string> status =
      read_small_file("/proc/" + std::to_string(call.pid()) + "/status");
  if (!status) return false;
  const auto effective = std::strtoull(field_of(*status, "CapEff").c_str(), nullptr, 16);
  return (effective & (1ULL << CAP_SYS_ADMIN)) == 0;
}

// The kernel would refuse, so the nearest that a tracer can do is to make nothing and say yes.
void ask_no_rights(Call& call) {
  const std::uint64_t flags = flags_of(call);
  if ((flags & new_flags) != 0 && unprivileged(call)) set_flags(call, flags & ~new_flags);
}
void ask_rights_for_user(Call& call) {
  if ((flags_of(call) & CLONE_NEWUSER) != 0 && unprivileged(call)) call.answer(-EPERM);
}

void accept_contradictions(Call& call) {
  std::uint64_t flags = flags_of(call) & ~std::uint64_t{CLONE_THREAD | CLONE_SIGHAND | detached};
  if ((flags & CLONE_NEWNS) != 0) flags &= ~std::uint64_t{CLONE_FS};
  set_flags(call, flags);
}
void accept_any_unshare(Call& call) {
  constexpr std::uint64_t known =
      new_flags | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  call.set_arg(0, call.arg(0) & known);
}
void accept_any_size(Call& call) {
  constexpr std::uint64_t first_size = 64;
  call.set_arg(1, first_size);
}
void accept_unknown_flags(Call& call) { set_flags(call, flags_of(call) & ~(1ULL << 62U)); }
void accept_any_pidfd_kind(Call& call) {
  if (of_pidfd(call) && call.result() == -EINVAL) call.set_result(0);
}
void accept_any_file(Call& call) {
  if (!of_pidfd(call) && call.result() == -EINVAL) call.set_result(0);
}

void count_for_ever(Call& call) {
  constexpr int enough = 100;
  if (call.arg(0) == 0) return;
  const int made = std::atoi(call.memory()["made"].c_str()) + 1;
  call.memory()["made"] = std::to_string(made);
  if (made > enough) call.answer(-ENOSPC);
}

constexpr std::array lies{
    Lie{.name = "forks_share_nothing",
        .sentence = "every fork makes a new uts namespace",
        .row = "calls/sharing",
        .cases = "^calls/sharing:.*:root$",
        .calls = clone_call,
        .at_entry = share_nothing},
    Lie{.name = "unshare_moves_bystanders",
        .sentence = "unshare() moves processes and threads other than the caller",
        .row = "calls/sharing",
        .cases = "^calls/(unshare_own|thread_own):",
        .calls = unshare_and_readlinks,
        .at_exit = move_bystanders},
    Lie{.name = "setns_of_a_pidfd_joins_less",
        .sentence = "setns() of a pidfd leaves one kind out",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_(join|refused):",
        .calls = setns_call,
        .at_entry = join_less},
    Lie{.name = "setns_of_a_pidfd_joins_more",
        .sentence = "setns() of a pidfd joins one kind that was not asked for",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_join:",
        .calls = setns_call,
        .at_entry = join_more},
    Lie{.name = "setns_fails_half_way",
        .sentence = "setns() of a pidfd joins some namespaces though it fails",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_refused:",
        .calls = setns_call,
        .at_entry = join_the_rest,
        .at_exit = fail_all_the_same},
    Lie{.name = "setns_to_the_dead",
        .sentence = "setns() of a pidfd whose process has ended succeeds",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_exited:",
        .calls = setns_call,
        .at_exit = grant<ESRCH>},
    Lie{.name = "pidfds_mistake_kinds",
        .sentence = "PIDFD_GET_*_NAMESPACE opens a namespace of another kind",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_namespaces:",
        .calls = ioctls,
        .at_entry = answer_the_next_kind},
    Lie{.name = "pidfds_ignore_arguments",
        .sentence = "PIDFD_GET_*_NAMESPACE takes any argument",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_namespaces:",
        .calls = ioctls,
        .at_entry = ignore_the_argument},
    Lie{.name = "the_dead_have_namespaces",
        .sentence = "PIDFD_GET_*_NAMESPACE opens namespaces of a process that has ended",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_namespaces:",
        .calls = ioctls,
        .at_exit = grant_pidfd_ioctl<ESRCH>},
    Lie{.name = "pidfds_are_open_to_all",
        .sentence = "PIDFD_GET_*_NAMESPACE asks for no rights over the process",
        .row = "calls/pidfd",
        .cases = "^calls/pidfd_access:",
        .calls = ioctls,
        .at_exit = grant_pidfd_ioctl<EACCES>},
    Lie{.name = "links_are_shown_to_all",
        .sentence = "/proc/PID/ns shows its links to everybody",
        .row = "calls/pidfd",
        .cases = "^calls/ptrace_access:",
        .calls = readlinks,
        .at_exit = show_links_to_all},
    Lie{.name = "namespaces_open_for_all",
        .sentence = "the files of /proc/PID/ns can be opened by everybody",
        .row = "calls/pidfd",
        .cases = "^calls/ptrace_access:",
        .calls = openat_call,
        .at_exit = open_files_to_all},
    Lie{.name = "setns_asks_no_rights",
        .sentence = "setns() asks for no rights over the target",
        .row = "calls/privilege",
        .cases = "^calls/(join_privilege_|ptrace_access)",
        .calls = setns_call,
        .at_exit = grant<EPERM>},
    Lie{.name = "namespaces_need_no_privilege",
        .sentence = "clone, clone3 and unshare of any kind succeed without CAP_SYS_ADMIN",
        .row = "calls/privilege",
        .cases = "^calls/privilege_(pid|uts|ipc|net|cgroup|time|mnt):",
        .calls = making_calls,
        .at_entry = ask_no_rights},
    Lie{.name = "user_namespaces_need_privilege",
        .sentence = "user namespaces need CAP_SYS_ADMIN",
        .row = "calls/privilege",
        .cases = "^calls/privilege_user:",
        .calls = making_calls,
        .at_entry = ask_rights_for_user},
    Lie{.name = "clone_accepts_contradictions",
        .sentence = "clone() leaves out flags that contradict others",
        .row = "calls/arguments",
        .cases = "^calls/clone_flags:clone:",
        .calls = clone_call,
        .at_entry = accept_contradictions},
    Lie{.name = "clone3_accepts_contradictions",
        .sentence = "clone3() leaves out flags that contradict others",
        .row = "calls/arguments",
        .cases = "^calls/(clone_flags:clone3|clone3_args):",
        .calls = clone3_call,
        .at_entry = accept_contradictions},
    Lie{.name = "unshare_accepts_anything",
        .sentence = "unshare() ignores flags that it does not know",
        .row = "calls/arguments",
        .cases = "^calls/unshare_flags:",
        .calls = unshare_call,
        .at_entry = accept_any_unshare},
    Lie{.name = "clone3_accepts_any_size",
        .sentence = "clone3() takes any size for the first",
        .row = "calls/arguments",
        .cases = "^calls/clone3_args:",
        .calls = clone3_call,
        .at_entry = accept_any_size},
    Lie{.name = "clone3_accepts_unknown_flags",
        .sentence = "clone3() ignores flags that it does not know",
        .row = "calls/arguments",
        .cases = "^calls/clone3_args:",
        .calls = clone3_call,
        .at_entry = accept_unknown_flags},
    Lie{.name = "setns_accepts_any_kind",
        .sentence = "setns() of a pidfd takes any flags",
        .row = "calls/arguments",
        .cases = "^calls/setns_pidfd_errors:",
        .calls = setns_call,
        .at_exit = accept_any_pidfd_kind},
    Lie{.name = "setns_accepts_any_file",
        .sentence = "setns() of a file that is no namespace succeeds",
        .row = "calls/arguments",
        .cases = "^calls/setns_errors:",
        .calls = setns_call,
        .at_exit = accept_any_file},
    Lie{.name = "setns_accepts_closed_descriptors",
        .sentence = "setns() of a descriptor that is not open succeeds",
        .row = "calls/arguments",
        .cases = "^calls/setns_errors:",
        .calls = setns_call,
        .at_exit = grant<EBADF>},
    Lie{.name = "counts_only_grow",
        .sentence = "a namespace counts against the limit when it is gone",
        .row = "calls/no_growth",
        .cases = "^calls/no_growth_",
        .calls = unshare_call,
        .at_entry = count_for_ever},
};

}  // namespace

std::span<const Lie> calls_lies() { return lies; }

}  // namespace nsbench::selftest
