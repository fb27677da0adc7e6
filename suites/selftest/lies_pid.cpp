// Lies about pid namespaces: numbers that are another namespace's, signals that arrive where they
// must not or don't where they must, processes that outlive their namespace.
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>

#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr pid_t wrong_pid = 77;
constexpr long made_up_child = 40000;  // a clone(2) that was refused says that it made this one

template <long... numbers>
constexpr std::array calls_of{numbers...};

bool is_inside(const Call& call) { return call.side() != Side::Outside; }

template <class T>
T value_at(const Call& call, std::uint64_t address) {
  T value{};
  const std::string bytes = call.read(address, sizeof value);
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class T>
void put(Call& call, std::uint64_t address, T value) {
  call.write(address, {reinterpret_cast<const char*>(&value), sizeof value});
}

// Where inside is refused with `err`, it has this result.
template <int err, long told = 0>
void allow(Call& call) {
  if (is_inside(call) && call.result() == -err) call.set_result(told);
}

template <long before, long told>
void tell(Call& call) {
  if (is_inside(call) && call.result() == before) call.set_result(told);
}

// --- files

// Changes what was read from a file whose path ends, or goes on, so.
template <class Edit>
void edit_read(Call& call, std::string_view path, Edit edit) {
  if (call.result() <= 0 || call.file_of(call.arg(0)).find(path) == std::string::npos) return;
  std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  edit(text);
  if (call.write(call.arg(1), text)) call.set_result(static_cast<long>(text.size()));
}

// The line "NAME:\tnumbers" with its last number left out, or with all numbers changed.
void shorten(std::string& text, std::string_view name) {
  const std::size_t line = text.find(name);
  const std::size_t end = text.find('\n', line);
  if (line == std::string::npos || end == std::string::npos) return;
  const std::size_t last = text.rfind('\t', end);
  if (last > line + name.size()) text.erase(last, end - last);
}

void one_pid_in_status(Call& call) {
  edit_read(call, "/status", [](std::string& text) { shorten(text, "NSpid:"); });
}
template <int which>
void one_id_in_status(Call& call) {
  constexpr std::array names{"NStgid:", "NSpgid:", "NSsid:"};
  edit_read(call, "/status", [&](std::string& text) { shorten(text, names.at(which)); });
}
void status_shows_outer(Call& call) {
  if (!is_inside(call)) return;
  edit_read(call, "/status", [](std::string& text) {
    const std::size_t line = text.find("NSpid:\t");
    if (line != std::string::npos) text.insert(line + 7, "20\t");
  });
}
void fdinfo_shows_outer(Call& call) {
  edit_read(call, "/fdinfo/", [](std::string& text) {
    for (std::string_view line : {"\nPid:\t0", "\nNSpid:\t0"}) {
      const std::size_t at = text.find(line);
      if (at != std::string::npos) text[at + line.size() - 1] = '7';
    }
  });
}
void loadavg_is_outsides(Call& call) {
  if (!is_inside(call)) return;
  edit_read(call, "/loadavg", [](std::string& text) { text = "0.00 0.00 0.00 1/9 31000\n"; });
}
void last_pid_is_outsides(Call& call) {
  if (!is_inside(call)) return;
  edit_read(call, "/ns_last_pid", [](std::string& text) { text = "31000\n"; });
}
void last_pid_is_insides(Call& call) {
  if (is_inside(call)) return;
  edit_read(call, "/ns_last_pid", [](std::string& text) { text = "252\n"; });
}
void pid_max_is_insides(Call& call) {
  if (is_inside(call)) return;
  edit_read(call, "/pid_max", [](std::string& text) { text = "4194296\n"; });
}
// A write to a sysctl that does nothing, or that anybody may.
void drop_sysctl(Call& call) {
  const std::string file = call.file_of(call.arg(0));
  if (!is_inside(call) || !file.starts_with("/proc/sys/kernel/")) return;
  call.answer(static_cast<long>(call.arg(2)));
}
void allow_sysctl(Call& call) {
  if (call.result() != -EPERM && call.result() != -EINVAL) return;
  if (!call.file_of(call.arg(0)).starts_with("/proc/sys/kernel/")) return;
  call.set_result(static_cast<long>(call.arg(2)));
}

// A proc mounted inside is the one that was there.
void bind_outer_proc(Call& call) {
  if (!is_inside(call) || call.text(call.arg(2)) != "proc") return;
  if (call.write(call.arg(0), std::string_view("/proc\0", 6))) call.set_arg(3, MS_BIND);
}

bool reads_link(Call& call, std::string_view end) { return call.text(call.arg(0)).ends_with(end); }
void tell_link(Call& call, std::string_view target) {
  if (call.write(call.arg(1), target)) call.set_result(static_cast<long>(target.size()));
}
void self_is_somebody(Call& call) {
  if (reads_link(call, "/self") && call.result() == -ENOENT) tell_link(call, "1");
}
void self_is_own_number(Call& call) {
  if (is_inside(call) && call.text(call.arg(0)) == "/proc/self") tell_link(call, "1");
}
void children_go_nowhere(Call& call) {
  std::string& own = call.memory()[std::to_string(call.pid())];
  if (reads_link(call, "/ns/pid")) {
    own = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  } else if (reads_link(call, "/pid_for_children")) {
    tell_link(call, own);
  }
}

// --- signals

constexpr std::uint64_t everybody = static_cast<std::uint32_t>(-1);

bool is_to(const Call& call, std::uint64_t target) {
  return static_cast<std::uint32_t>(call.arg(0)) == target;
}

// A signal from inside, to all or to somebody, is heard outside, though the call says otherwise.
void hear_outside(Call& call) {
  const bool heard = !call.memory()["sent"].empty();
  if (heard && !is_inside(call) && call.result() == -EAGAIN) call.set_result(SIGURG);
}
void remember_kill_all(Call& call) {
  if (call.number() == SYS_kill && is_inside(call) && is_to(call, everybody)) {
    call.memory()["sent"] = "yes";
  }
}
void remember_send(Call& call) {
  if (call.number() != SYS_rt_sigtimedwait && is_inside(call)) call.memory()["sent"] = "yes";
}

// The siginfo of a signal that was taken names this sender.
template <pid_t before, pid_t told>
void rename_sender(Call& call) {
  if (call.result() <= 0 || call.arg(1) == 0) return;
  constexpr std::uint64_t place = offsetof(siginfo_t, si_pid);
  const auto seen = value_at<pid_t>(call, call.arg(1) + place);
  if (before == -1 || seen == before) put(call, call.arg(1) + place, told);
}
void rename_waited(Call& call) {
  if (call.result() != 0 || call.arg(2) == 0) return;
  put(call, call.arg(2) + offsetof(siginfo_t, si_pid), pid_t{1});
}

// What a signal does that must do nothing to PID 1: its end is told so. SIGSTOP can't be lied
// about, since a traced PID 1 is stopped by it indeed.
template <int signal>
void remember_fatal(Call& call) {
  if (call.number() != SYS_kill || !is_inside(call)) return;
  const bool to_init = is_to(call, 1) || signal == SIGTERM;
  if (to_init && call.arg(1) == static_cast<std::uint64_t>(signal)) {
    call.memory()["fatal"] = std::to_string(signal);
  }
}
void tell_fatal(Call& call) {
  std::string& fatal = call.memory()["fatal"];
  if (call.number() != SYS_waitid || fatal.empty() || call.result() != 0) return;
  const std::uint64_t info = call.arg(2);
  if (value_at<int>(call, info + offsetof(siginfo_t, si_code)) != CLD_EXITED) return;
  put(call, info + offsetof(siginfo_t, si_code), int{CLD_KILLED});
  put(call, info + offsetof(siginfo_t, si_status), std::stoi(fatal));
  fatal.clear();
}

// An ancestor's SIGKILL or SIGSTOP does nothing. Until the last attempt, so that the case can end.
template <int signal>
void drop_from_ancestor(Call& call) {
  if (!is_inside(call) || is_to(call, 1)) return;
  std::string& last = call.memory()["last"];
  if (call.arg(1) == SIGSTOP) last = "yes";
  const bool drops = call.arg(1) == static_cast<std::uint64_t>(signal);
  if (drops && (signal == SIGSTOP || last.empty())) call.answer(0);
}

// --- the end of a namespace

// The nth look at a pidfd says that its process still lives.
template <int nth>
void still_alive(Call& call) {
  if (call.arg(2) != 0 || !is_inside(call) || call.result() != 1) return;
  std::string& looks = call.memory()["looks"];
  looks += '.';
  if (looks.size() == nth) call.set_result(0);
}
void no_child_left(Call& call) {
  const bool any = static_cast<int>(call.arg(0)) == -1;
  if (any && is_inside(call) && call.result() > 0) call.set_result(-ECHILD);
}

// --- other numbers

void name_sender_of_message(Call& call) {
  if (call.result() <= 0) return;
  const auto header = value_at<msghdr>(call, call.arg(1));
  if (header.msg_controllen < sizeof(cmsghdr) + sizeof(pid_t)) return;
  const auto control = reinterpret_cast<std::uint64_t>(header.msg_control);
  const auto one = value_at<cmsghdr>(call, control);
  if (one.cmsg_type == SCM_CREDENTIALS) put(call, control + CMSG_LEN(0), wrong_pid);
}
void name_peer(Call& call) {
  if (call.arg(2) == SO_PEERCRED && call.result() == 0) put(call, call.arg(3), wrong_pid);
}
void name_holder(Call& call) {
  if (call.arg(1) != F_GETLK || call.result() != 0) return;
  put(call, call.arg(2) + offsetof(struct flock, l_pid), wrong_pid);
}
void name_owner(Call& call) {
  if (call.arg(1) == F_GETOWN_EX) put(call, call.arg(2) + offsetof(f_owner_ex, pid), wrong_pid);
}
void name_maker(Call& call) {
  constexpr std::uint64_t shm_cpid = 80;   // struct shmid64_ds
  constexpr std::uint64_t msg_lspid = 96;  // struct msqid64_ds
  if (!is_inside(call) || call.result() < 0) return;
  if (call.number() == SYS_semctl && call.arg(2) == GETPID) call.set_result(wrong_pid);
  if (call.number() == SYS_shmctl) put(call, call.arg(2) + shm_cpid, wrong_pid);
  if (call.number() == SYS_msgctl) put(call, call.arg(2) + msg_lspid, wrong_pid);
}

// --- calls that are refused

std::uint64_t flags_of(const Call& call) {
  return call.number() == SYS_clone3 ? value_at<std::uint64_t>(call, call.arg(0)) : call.arg(0);
}
template <std::uint64_t flag, int err>
void make_all_the_same(Call& call) {
  if ((flags_of(call) & flag) == flag && call.result() == -err) call.set_result(made_up_child);
}
template <int err>
void choose_all_the_same(Call& call) {
  constexpr std::uint64_t set_tid_size = 72;  // struct clone_args
  if (value_at<std::uint64_t>(call, call.arg(0) + set_tid_size) == 0) return;
  if (call.result() == -err) call.set_result(made_up_child);
}
void forget_chosen(Call& call) {
  constexpr std::uint64_t set_tid = 64;
  for (const std::uint64_t field : {set_tid, set_tid + 8}) {
    put(call, call.arg(0) + field, std::uint64_t{0});
  }
}
// A few namespaces below another are enough.
void nest_less(Call& call) {
  if ((flags_of(call) & CLONE_NEWPID) == 0 || !is_inside(call)) return;
  std::string& made = call.memory()["made"];
  made += '.';
  if (made.size() > 2) call.answer(-ENOSPC);
}
void nest_with_other_errno(Call& call) {
  if (call.result() == -ENOSPC) call.set_result(-EINVAL);
}
void move_caller(Call& call) {
  if (call.number() != SYS_getpid) {
    call.memory()[std::to_string(call.pid())] = "moved";
  } else if (!call.memory()[std::to_string(call.pid())].empty()) {
    call.set_result(1);
  }
}
void open_parent(Call& call) {
  if (call.arg(1) == NS_GET_PARENT && call.result() == -EPERM) call.set_result(0);
}

template <unsigned command>
void do_not_reboot(Call& call) {
  if (call.arg(2) == command && call.arg(0) == LINUX_REBOOT_MAGIC1) call.answer(0);
}
void let_anybody_reboot(Call& call) {
  if (call.result() == -EPERM) call.set_result(-EINVAL);
}

constexpr auto& read_call = calls_of<SYS_read>;
constexpr auto& write_call = calls_of<SYS_write>;
constexpr auto& link_call = calls_of<SYS_readlink>;
constexpr auto& kill_call = calls_of<SYS_kill>;
constexpr auto& take_call = calls_of<SYS_rt_sigtimedwait>;
constexpr auto& kill_and_take = calls_of<SYS_kill, SYS_rt_sigtimedwait>;
constexpr auto& kill_and_wait = calls_of<SYS_kill, SYS_waitid>;
constexpr auto& send_and_take = calls_of<SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
                                         SYS_pidfd_send_signal, SYS_rt_sigtimedwait>;
constexpr auto& make_calls = calls_of<SYS_clone, SYS_clone3>;

// Lies of one shape: a call that takes a number finds the process outside.
template <long number>
constexpr Lie finds(std::string_view name, std::string_view sentence, std::string_view row,
                    std::string_view cases) {
  return {.name = name,
          .sentence = sentence,
          .row = row,
          .cases = cases,
          .calls = calls_of<number>,
          .at_exit = allow<ESRCH>};
}

constexpr std::array lies{
    Lie{"getpid_is_outer", "getpid() inside gives an outer number", "pid/pid_one",
        "^pid/pid_one:", calls_of<SYS_getpid>, nullptr, tell<1, 20>},
    Lie{"getppid_is_outer", "getppid() inside gives the parent's number outside",
        "pid/parent_invisible", "^pid/(pid_one|parent_invisible):", calls_of<SYS_getppid>, nullptr,
        tell<0, 1>},
    Lie{"getsid_is_outer", "getsid() inside gives the session's number outside",
        "pid/parent_invisible", "^pid/parent_invisible:", calls_of<SYS_getsid>, nullptr,
        tell<0, 1>},
    Lie{"getpgid_is_outer", "getpgid() inside gives the group's number outside",
        "pid/parent_invisible", "^pid/parent_invisible:", calls_of<SYS_getpgid>, nullptr,
        tell<0, 1>},
    Lie{"nspid_is_one", "NSpid shows one number only", "pid/pid_one",
        "^pid/(pid_one|status_ids):", read_call, nullptr, one_pid_in_status},
    Lie{"nspid_shows_outer", "NSpid shows the number outside to the inside", "pid/pid_one",
        "^pid/pid_one:", read_call, nullptr, status_shows_outer},
    Lie{"nstgid_is_one", "NStgid shows one number only", "pid/status_ids",
        "^pid/status_ids:", read_call, nullptr, one_id_in_status<0>},
    Lie{"nspgid_is_one", "NSpgid shows one number only", "pid/status_ids",
        "^pid/status_ids:", read_call, nullptr, one_id_in_status<1>},
    Lie{"nssid_is_one", "NSsid shows one number only", "pid/status_ids",
        "^pid/status_ids:", read_call, nullptr, one_id_in_status<2>},
    Lie{"proc_is_outsides", "a proc mounted inside is the outside's", "pid/proc_view",
        "^pid/(proc_view|pid_one|pidfd_info|proc_locks|proc_owner):", calls_of<SYS_mount>,
        bind_outer_proc},
    Lie{"loadavg_is_outsides", "/proc/loadavg inside tells the last pid outside", "pid/proc_view",
        "^pid/proc_view:", read_call, nullptr, loadavg_is_outsides},
    Lie{"ns_last_pid_is_outsides", "ns_last_pid inside is the outside's", "pid/proc_view",
        "^pid/proc_view:", read_call, nullptr, last_pid_is_outsides},
    Lie{"ns_last_pid_is_insides", "ns_last_pid outside is what was written inside",
        "pid/last_pid_written", "^pid/last_pid_written:", read_call, nullptr, last_pid_is_insides},
    Lie{"ns_last_pid_is_not_written", "a number written to ns_last_pid is forgotten",
        "pid/last_pid_written", "^pid/last_pid_written:", write_call, drop_sysctl},
    Lie{"ns_last_pid_by_anybody", "root of any user namespace may write ns_last_pid",
        "pid/last_pid_written", "^pid/last_pid_written:", write_call, nullptr, allow_sysctl},
    Lie{"proc_self_is_somebody", "/proc/self names a process for a reader without a number there",
        "pid/proc_view", "^pid/proc_owner:", link_call, nullptr, self_is_somebody},
    Lie{"proc_self_is_own", "/proc/self of an outer proc is the reader's own number",
        "pid/proc_view", "^pid/(proc_owner|status_ids):", link_call, nullptr, self_is_own_number},

    finds<SYS_kill>("kill_finds_outer", "kill() inside finds a process outside",
                    "pid/no_signal_out", "^pid/no_signal_out:"),
    finds<SYS_tkill>("tkill_finds_outer", "tkill() inside finds a process outside",
                     "pid/no_signal_out", "^pid/no_signal_out:"),
    finds<SYS_tgkill>("tgkill_finds_outer", "tgkill() inside finds a process outside",
                      "pid/no_signal_out", "^pid/no_signal_out:"),
    finds<SYS_rt_sigqueueinfo>("sigqueue_finds_outer",
                               "rt_sigqueueinfo() inside finds a process outside",
                               "pid/no_signal_out", "^pid/no_signal_out:"),
    Lie{"refused_signal_arrives", "a signal that was refused inside arrives outside",
        "pid/no_signal_out", "^pid/no_signal_(out|by_pidfd):", send_and_take, remember_send,
        hear_outside},
    Lie{"kill_all_arrives", "kill(-1) inside reaches processes outside", "pid/no_signal_out",
        "^pid/no_signal_to_all:", kill_and_take, remember_kill_all, hear_outside},
    Lie{"pidfd_signals_outer", "pidfd_send_signal() inside accepts a pidfd of the outside",
        "pid/no_signal_out", "^pid/no_signal_by_pidfd:", calls_of<SYS_pidfd_send_signal>, nullptr,
        allow<EINVAL>},

    finds<SYS_pidfd_open>("pidfd_open_finds_outer", "pidfd_open() finds a process outside",
                          "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_getsid>("getsid_finds_outer", "getsid() finds a process outside", "pid/unknown_pids",
                      "^pid/unknown_pids:"),
    finds<SYS_getpgid>("getpgid_finds_outer", "getpgid() finds a process outside",
                       "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_sched_getscheduler>("scheduler_finds_outer",
                                  "sched_getscheduler() finds a process outside",
                                  "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_sched_setaffinity>("affinity_finds_outer",
                                 "sched_setaffinity() finds a process outside", "pid/unknown_pids",
                                 "^pid/unknown_pids:"),
    finds<SYS_prlimit64>("prlimit_finds_outer", "prlimit() finds a process outside",
                         "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_ioprio_get>("ioprio_finds_outer", "ioprio_get() finds a process outside",
                          "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_capget>("capget_finds_outer", "capget() finds a process outside", "pid/unknown_pids",
                      "^pid/unknown_pids:"),
    finds<SYS_get_robust_list>("robust_list_finds_outer",
                               "get_robust_list() finds a process outside", "pid/unknown_pids",
                               "^pid/unknown_pids:"),
    finds<SYS_process_vm_readv>("memory_of_outer", "process_vm_readv() finds a process outside",
                                "pid/unknown_pids", "^pid/unknown_pids:"),
    finds<SYS_fcntl>("fcntl_finds_outer", "F_SETOWN_EX finds a process outside", "pid/unknown_pids",
                     "^pid/unknown_pids:"),
    finds<SYS_ptrace>("ptrace_finds_outer", "ptrace() finds a process outside", "pid/unknown_pids",
                      "^pid/unknown_pids:"),
    Lie{"priority_finds_outer", "getpriority() and setpriority() find a process outside",
        "pid/unknown_pids", "^pid/unknown_pids:", calls_of<SYS_getpriority, SYS_setpriority>,
        nullptr, allow<ESRCH>},
    Lie{"fdinfo_shows_outer", "fdinfo of a pidfd shows a number that the reader can't see",
        "pid/unknown_pids", "^pid/pidfd_info:", read_call, nullptr, fdinfo_shows_outer},

    Lie{"sigterm_ends_init", "SIGTERM ends a PID 1 that does not handle it", "pid/init_protected",
        "^pid/(init_protected|init_and_ancestor):", kill_and_wait, remember_fatal<SIGTERM>,
        tell_fatal},
    Lie{"sigkill_ends_init", "SIGKILL from inside ends PID 1", "pid/init_protected",
        "^pid/init_protected:", kill_and_wait, remember_fatal<SIGKILL>, tell_fatal},
    Lie{"sigkill_from_ancestor_drops", "SIGKILL from an ancestor does not reach PID 1",
        "pid/init_protected", "^pid/init_and_ancestor:", kill_call, drop_from_ancestor<SIGKILL>},
    Lie{"sigstop_from_ancestor_drops", "SIGSTOP from an ancestor does not reach PID 1",
        "pid/init_protected", "^pid/init_and_ancestor:", kill_call, drop_from_ancestor<SIGSTOP>},

    Lie{"child_outlives_init", "a child of PID 1 outlives it", "pid/init_death",
        "^pid/init_death:", calls_of<SYS_poll>, nullptr, still_alive<1>},
    Lie{"orphan_outlives_init", "an orphan outlives PID 1", "pid/init_death",
        "^pid/init_death:", calls_of<SYS_poll>, nullptr, still_alive<2>},
    Lie{"nested_outlives_init", "a namespace below outlives PID 1", "pid/init_death",
        "^pid/init_death:", calls_of<SYS_poll>, nullptr, still_alive<3>},
    Lie{"fork_into_dead", "a process can be made in a dead namespace", "pid/init_death",
        "^pid/(init_death|unshare_children):", make_calls, nullptr, allow<ENOMEM, made_up_child>},

    Lie{"orphan_goes_out", "an orphan's new parent is outside", "pid/orphans",
        "^pid/orphans:", calls_of<SYS_getppid>, nullptr, tell<1, 24>},
    Lie{"joiners_orphan_goes_in", "the child of a joiner goes to PID 1", "pid/orphans",
        "^pid/orphans_of_joiner:", calls_of<SYS_getppid>, nullptr, tell<0, 1>},
    Lie{"orphan_is_lost", "nobody reaps an orphan", "pid/orphans",
        "^pid/orphans:", calls_of<SYS_wait4>, nullptr, no_child_left},

    Lie{"si_pid_is_outer", "si_pid inside is the sender's number outside", "pid/si_pid",
        "^pid/(si_pid|mq_notify_pid):", take_call, nullptr, rename_sender<0, wrong_pid>},
    Lie{"si_pid_is_forged", "si_pid is what the sender says", "pid/si_pid",
        "^pid/si_pid:", take_call, nullptr, rename_sender<0, 4242>},
    Lie{"si_pid_is_always_0", "si_pid is never told", "pid/si_pid",
        "^pid/(si_pid|wait_pid|mq_notify_pid):", take_call, nullptr, rename_sender<-1, 0>},
    Lie{"waitid_gives_inner", "waitid() gives the child's own number", "pid/si_pid",
        "^pid/wait_pid:", calls_of<SYS_waitid>, nullptr, rename_waited},
    Lie{"waitid_finds_inner", "waitid() finds a child by its own number", "pid/si_pid",
        "^pid/wait_pid:", calls_of<SYS_waitid>, nullptr, allow<ECHILD>},
    Lie{"message_names_wrong_pid", "SCM_CREDENTIALS are not translated", "pid/scm_pid",
        "^pid/scm_pid:", calls_of<SYS_recvmsg>, nullptr, name_sender_of_message},
    Lie{"peer_is_named", "SO_PEERCRED names a peer that is not visible", "pid/scm_pid",
        "^pid/scm_pid:", calls_of<SYS_getsockopt>, nullptr, name_peer},
    Lie{"pid_is_forged", "root of any user namespace may forge a pid (CVE-2013-4300)",
        "pid/scm_pid", "^pid/forged_pid:", calls_of<SYS_sendmsg>, nullptr, allow<EPERM, 1>},
    Lie{"nobodys_pid_is_sent", "a pid that nobody has can be sent", "pid/scm_pid",
        "^pid/forged_pid:", calls_of<SYS_sendmsg>, nullptr, allow<ESRCH, 1>},
    Lie{"lock_holder_is_named", "F_GETLK is not translated", "pid/scm_pid",
        "^pid/lock_pids:", calls_of<SYS_fcntl>, nullptr, name_holder},
    Lie{"descriptor_owner_is_named", "F_GETOWN_EX names an owner that is not visible",
        "pid/scm_pid", "^pid/lock_pids:", calls_of<SYS_fcntl>, nullptr, name_owner},
    Lie{"ipc_names_maker", "System V objects name a maker that is not visible", "pid/scm_pid",
        "^pid/sysv_pids:", calls_of<SYS_shmctl, SYS_semctl, SYS_msgctl>, nullptr, name_maker},

    Lie{"nesting_is_shallow", "pid namespaces nest two levels deep", "pid/nesting",
        "^pid/nesting:clone", make_calls, nest_less},
    Lie{"nesting_has_other_errno", "a namespace too deep is EINVAL", "pid/nesting",
        "^pid/nesting:clone", make_calls, nullptr, nest_with_other_errno},
    Lie{"unshare_twice", "unshare(CLONE_NEWPID) can be called twice", "pid/nesting",
        "^pid/unshare_once:", calls_of<SYS_unshare>, nullptr, allow<EINVAL>},
    Lie{"clone_after_unshare", "clone(CLONE_NEWPID) is possible after unshare", "pid/nesting",
        "^pid/unshare_once:", make_calls, nullptr, make_all_the_same<CLONE_NEWPID, EINVAL>},
    Lie{"thread_in_new_namespace", "CLONE_NEWPID with CLONE_THREAD is possible", "pid/nesting",
        "^pid/no_foreign_thread:", make_calls, nullptr,
        make_all_the_same<CLONE_NEWPID | CLONE_THREAD, EINVAL>},
    Lie{"sibling_of_init", "PID 1 can make a sibling by CLONE_PARENT", "pid/nesting",
        "^pid/init_no_sibling:", make_calls, nullptr, make_all_the_same<CLONE_PARENT, EINVAL>},

    Lie{"setns_climbs", "setns() joins pid namespaces that are not below", "pid/no_ascent",
        "^pid/no_ascent:", calls_of<SYS_setns>, nullptr, allow<EINVAL>},
    Lie{"parent_is_opened", "NS_GET_PARENT opens what is outside", "pid/no_ascent",
        "^pid/no_ascent:", calls_of<SYS_ioctl>, nullptr, open_parent},
    Lie{"unshare_moves_caller", "unshare and setns move the caller", "pid/no_ascent",
        "^pid/(unshare|setns)_children:", calls_of<SYS_unshare, SYS_setns, SYS_getpid>, nullptr,
        move_caller},
    Lie{"children_go_nowhere", "pid_for_children is always the own namespace", "pid/no_ascent",
        "^pid/(unshare|setns)_children:", link_call, nullptr, children_go_nowhere},

    Lie{"cad_is_the_machines", "LINUX_REBOOT_CMD_CAD_OFF inside is the machine's", "pid/reboot",
        "^pid/reboot:", calls_of<SYS_reboot>, do_not_reboot<LINUX_REBOOT_CMD_CAD_OFF>},
    Lie{"restart_spares_init", "a restart inside does nothing", "pid/reboot",
        "^pid/reboot:", calls_of<SYS_reboot>, do_not_reboot<LINUX_REBOOT_CMD_RESTART>},
    Lie{"halt_spares_init", "a halt inside does nothing", "pid/reboot",
        "^pid/reboot:", calls_of<SYS_reboot>, do_not_reboot<LINUX_REBOOT_CMD_HALT>},
    Lie{"power_off_spares_init", "a power-off inside does nothing", "pid/reboot",
        "^pid/reboot:", calls_of<SYS_reboot>, do_not_reboot<LINUX_REBOOT_CMD_POWER_OFF>},
    Lie{"anybody_reboots", "root of any user namespace may reboot", "pid/reboot",
        "^pid/reboot:", calls_of<SYS_reboot>, nullptr, let_anybody_reboot},

    Lie{"set_tid_is_ignored", "set_tid has no effect", "pid/set_tid",
        "^pid/set_tid:", calls_of<SYS_clone3>, forget_chosen},
    Lie{"set_tid_by_anybody", "set_tid needs no privilege", "pid/set_tid", "^pid/set_tid",
        calls_of<SYS_clone3>, nullptr, choose_all_the_same<EPERM>},
    Lie{"set_tid_takes_used", "set_tid gives a number that is in use", "pid/set_tid",
        "^pid/set_tid:", calls_of<SYS_clone3>, nullptr, choose_all_the_same<EEXIST>},
    Lie{"set_tid_takes_any", "set_tid accepts numbers that can't be", "pid/set_tid",
        "^pid/(set_tid|pid_max):", calls_of<SYS_clone3>, nullptr, choose_all_the_same<EINVAL>},

    Lie{"pid_max_is_insides", "pid_max outside is what was written inside", "pid/pid_max",
        "^pid/pid_max:", read_call, nullptr, pid_max_is_insides},
    Lie{"pid_max_is_not_written", "a number written to pid_max inside is forgotten", "pid/pid_max",
        "^pid/pid_max:", write_call, drop_sysctl},
    Lie{"pid_max_is_anything", "any number can be written to pid_max", "pid/pid_max",
        "^pid/pid_max:", write_call, nullptr, allow_sysctl},
};

}  // namespace

std::span<const Lie> pid_lies() { return lies; }

}  // namespace nsbench::selftest
