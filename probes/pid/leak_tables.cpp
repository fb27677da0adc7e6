#include <algorithm>
#include <cerrno>
#include <iterator>

#include "probes/leak_table.h"
#include "probes/pid/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value no_process = Value::err(ESRCH);
const Value invalid = Value::err(EINVAL);

LeakTable pid_one_leaks() {
  return {&pid_one,
          {{"inside looks", "pid", 1, 20},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "NSpid", "1", "20"},
           {"outside looks", "pid of the inside", 20},
           {"outside looks", "NSpid", "20\t1", "20"}},
          {}};
}

LeakTable parent_invisible_leaks() {
  return {&parent_invisible,
          {{"outside looks", "sid", 1},
           {"inside looks", "ppid", 0, 1},
           {"inside looks", "sid", 0, 1},
           {"inside looks", "pgid", 0, 1}},
          {}};
}

LeakTable proc_view_leaks() {
  return {&proc_view,
          {{"outside has a victim", "victims", 1},
           {"outside has a victim", "last pid", 43},
           {"outside has a victim", "ns_last_pid", "43"},
           {"inside mounts proc", "mount(proc)", ok},
           {"inside mounts proc", "getpid", 1},
           {"inside mounts proc", "self", "1"},
           {"inside mounts proc", "victims", 0, 1},
           {"inside mounts proc", "last pid", 2, 44},
           {"inside mounts proc", "ns_last_pid", "2", "44"}},
          {{"inside mounts proc", "self", "1", "20"}}};
}

LeakTable no_signal_out_leaks() {
  return {&no_signal_out,
          {{"outside has a victim", "kill", ok},
           {"outside has a victim", "it heard", 1},
           {"inside sends by number", "kill", no_process, ok},
           {"inside sends by number", "kill its group", no_process, ok},
           {"inside sends by number", "tkill", no_process, ok},
           {"inside sends by number", "tgkill", no_process, ok},
           {"inside sends by number", "rt_sigqueueinfo", no_process, ok},
           {"outside asks the victim", "it heard", 0, 1}},
          {}};
}

LeakTable no_signal_to_all_leaks() {
  return {&no_signal_to_all,
          {{"outside has a victim", "kill", ok},
           {"outside has a victim", "it heard", 1},
           {"inside signals everybody", "kill(-1)", ok},
           {"inside signals everybody", "own process heard", 1},
           {"outside asks the victim", "it heard", 0, 1}},
          {{"inside signals everybody", "own process heard", 1, 0}}};
}

LeakTable no_signal_by_pidfd_leaks() {
  return {&no_signal_by_pidfd,
          {{"outside has a victim", "pidfd_send_signal", ok},
           {"outside has a victim", "it heard that", 1},
           {"inside sends by descriptor", "own", ok},
           {"inside sends by descriptor", "pidfd", invalid, ok},
           {"inside sends by descriptor", "directory", invalid, ok},
           {"outside asks the victim", "it heard", 0, 1}},
          {}};
}

LeakTable unknown_pids_leaks() {
  LeakTable table{&unknown_pids,
                  {{"inside names its own", "refused", "none"}},
                  {{"inside names its own", "refused", "none", "getsid: ESRCH"}}};
  for (const char* call : {"pidfd_open", "getsid", "getpgid", "setpriority", "sched_getscheduler",
                           "sched_setaffinity", "prlimit", "ioprio_get", "capget",
                           "get_robust_list", "process_vm_readv", "F_SETOWN_EX", "ptrace"}) {
    table.facts.emplace_back("inside names it", call, no_process, ok);
  }
  return table;
}

LeakTable pidfd_info_leaks() {
  return {&pidfd_info,
          {{"inside reads its fdinfo", "mount(proc)", ok},
           {"inside reads its fdinfo", "getpid", 1},
           {"inside reads its fdinfo", "own Pid", "1"},
           {"inside reads its fdinfo", "own NSpid", "1"},
           {"inside reads its fdinfo", "outside's Pid", "0", "1"},
           {"inside reads its fdinfo", "outside's NSpid", "0", "1"}},
          {{"inside reads its fdinfo", "own Pid", "1", "20"},
           {"inside reads its fdinfo", "own NSpid", "1", "20"}}};
}

constexpr const char* makes_first = "inside makes first processes";

LeakTable init_protected_leaks() {
  return {&init_protected,
          {{makes_first, "make the first process", ok},
           {makes_first, "SIGTERM", "exited with 7", "killed by SIGTERM"},
           {makes_first, "SIGKILL", "exited with 7", "killed by SIGKILL"},
           {makes_first, "its own SIGKILL", "exited with 7", "killed by SIGKILL"},
           {makes_first, "handled SIGTERM", "exited with 9"}},
          {{makes_first, "handled SIGTERM", "exited with 9", "exited with 7"}}};
}

LeakTable init_not_stopped_leaks() {
  return {&init_not_stopped,
          {{makes_first, "make the first process", ok},
           {makes_first, "SIGSTOP", "exited with 7", "stopped by SIGSTOP"}},
          {}};
}

LeakTable init_and_ancestor_leaks() {
  return {&init_and_ancestor,
          {{makes_first, "make the first process", ok},
           {makes_first, "SIGTERM", "exited with 7", "killed by SIGTERM"},
           {makes_first, "handled SIGTERM", "exited with 9"},
           {makes_first, "SIGKILL", "killed by SIGKILL"},
           {makes_first, "SIGSTOP", "stopped by SIGSTOP"}},
          {{makes_first, "SIGKILL", "", "exited with 7"},
           {makes_first, "handled SIGTERM", "", "killed by SIGTERM"},
           {makes_first, "SIGSTOP", "", "exited with 7"}}};
}

LeakTable init_death_leaks() {
  const char* const act = "inside makes and kills a PID 1";
  return {&init_death,
          {{act, "make the first process", ok},
           {act, "members", 3},
           {act, "PID 1", "killed by SIGKILL"},
           {act, "child", "ended", "lives"},
           {act, "orphan", "ended", "lives"},
           {act, "nested", "ended", "lives"},
           {act, "fork", Value::err(ENOMEM), ok}},
          {}};
}

LeakTable orphans_leaks() {
  const char* const act = "inside watches an orphan below";
  return {&orphans,
          {{act, "make the first process", ok},
           {"inside has a subreaper", "orphan's parent inside", "the subreaper"},
           {act, "orphan's parent", "1", "24"},
           {act, "reaped inside", "1", "0"},
           {act, "reaped outside", 1, 2}},
          {{"inside has a subreaper", "orphan's parent inside", "", "somebody else"}}};
}

LeakTable orphans_of_joiner_leaks() {
  const char* const act = "inside watches a joiner's orphan";
  return {&orphans_of_joiner,
          {{act, "make the first process", ok},
           {act, "joiner", "exited with 0"},
           {act, "orphan's parent", "0", "24"},
           {act, "reaped outside", 1}},
          {{act, "orphan's parent", "", "1"}, {act, "reaped outside", 1, 0}}};
}

LeakTable si_pid_leaks() {
  return {&sender_pid,
          {{"outside sends", "kill", ok},
           {"inside takes it", "the arrived", 1},
           {"inside takes it", "the si_pid", 0, 1},
           {"outside forges", "rt_sigqueueinfo", ok},
           {"inside takes the forged", "the si_pid", 0, 4242},
           {"inside hears a child", "child", 3},
           {"inside hears a child", "its si_pid", 3}},
          {{"inside hears a child", "its si_pid", 3, 0}}};
}

LeakTable wait_pid_leaks() {
  const char* const act = "inside waits for a first process";
  return {&wait_pid,
          {{act, "make the first process", ok},
           {act, "clone", 5},
           {act, "waitid", ok},
           {act, "waitid's", 5},
           {act, "waitid(P_ALL)'s", 5},
           {act, "SIGCHLD's si_pid", 5},
           {act, "own", 1, 5},
           {act, "waitid(1)", Value::err(ECHILD)}},
          {{act, "waitid's", 5, 1},
           {act, "waitid(P_ALL)'s", 5, 1},
           {act, "SIGCHLD's si_pid", 5, 1},
           {act, "own", 1, 2},
           {act, "waitid(1)", Value::err(ECHILD), ok}}};
}

LeakTable scm_pid_leaks() {
  return {&scm_pid,
          {{"outside sends", "send", ok},
           {"inside answers", "send", ok},
           {"inside answers", "sender", 0, 1},
           {"inside answers", "peer", 0, 1},
           {"inside answers", "getpid", 1, 2},
           {"outside reads", "inside", 2},
           {"outside reads", "sender", 2}},
          {{"outside reads", "sender", 2, 1}}};
}

LeakTable forged_pid_leaks() {
  return {&forged_pid,
          {{"inside forges", "as another", ok},
           {"inside forges", "below enter", ok},
           {"inside forges", "below as itself", ok},
           {"inside forges", "below as another", Value::err(EPERM), ok},
           {"inside forges", "as nobody", no_process, ok}},
          {}};
}

LeakTable lock_pids_leaks() {
  const char* const inside = "inside looks and locks";
  return {&lock_pids,
          {{"outside locks", "F_SETLK", ok},
           {"outside locks", "F_SETOWN", ok},
           {"outside locks", "owned", 1},
           {inside, "F_SETLK", ok},
           {inside, "conflict", "locked"},
           {inside, "holder", 0, 1},
           {inside, "owner", 0, 1},
           {inside, "getpid", 1, 2},
           {"outside looks", "inside", 2},
           {"outside looks", "conflict", "locked"},
           {"outside looks", "holder", 2}},
          {{"outside looks", "holder", 2, 1}}};
}

LeakTable proc_locks_leaks() {
  const char* const inside = "inside reads its list";
  return {&proc_locks,
          {{"outside locks", "own lock", "1"},
           {inside, "mount(proc)", ok},
           {inside, "getpid", 1, 2},
           {inside, "own lock", "1", "2"},
           {inside, "outside's lock", "none", "1"},
           {"outside reads its list", "inside", 2},
           {"outside reads its list", "inside's lock", 2}},
          {{"outside reads its list", "inside's lock", 2, 1}, {inside, "own lock", "1", "2"}}};
}

LeakTable mq_notify_pid_leaks() {
  return {&mq_notify_pid,
          {{"outside wants notice", "mq_notify", ok},
           {"inside sends", "mq_send", ok},
           {"inside sends", "getpid", 1, 2},
           {"outside is told", "inside", 2},
           {"outside is told", "the si_pid", 2},
           {"inside wants notice", "mq_notify", ok},
           {"outside sends", "mq_send", ok},
           {"inside is told", "the arrived", 1},
           {"inside is told", "the si_pid", 0, 1}},
          {{"outside is told", "the si_pid", 2, 1}}};
}

LeakTable sysv_pids_leaks() {
  LeakTable table{
      &sysv_pids, {{"inside makes", "getpid", 1, 2}, {"outside looks", "inside", 2}}, {}};
  for (const char* act : {"outside makes", "inside makes"}) {
    for (const char* call : {"shmget", "semop", "msgsnd"}) table.facts.emplace_back(act, call, ok);
  }
  for (const char* number : {"shm_cpid", "GETPID", "msg_lspid"}) {
    table.facts.emplace_back("inside looks", number, 0, 1);
    table.facts.emplace_back("outside looks", number, 2);
    table.further_leaks.emplace_back("outside looks", number, 2, 1);
  }
  return table;
}

LeakTable nesting_leaks() {
  return {
      &nesting,
      {{"inside nests", "levels", 30, 40}, {"inside nests", "one more", Value::err(ENOSPC), ok}},
      {{"inside nests", "levels", 30, 0}, {"inside nests", "one more", ok, invalid}}};
}

LeakTable unshare_once_leaks() {
  const char* const act = "inside unshares twice";
  return {&unshare_once,
          {{act, "a thread before", ok},
           {act, "unshare", ok},
           {act, "fork", ok},
           {act, "unshare again", invalid, ok},
           {act, "clone after", invalid, ok},
           {act, "clone3 after", invalid, ok},
           {act, "unshare after the fork", invalid, ok},
           {act, "a thread after", invalid, ok}},
          {}};
}

LeakTable no_foreign_thread_leaks() {
  const char* const act = "inside makes threads";
  return {&no_foreign_thread,
          {{act, "thread", ok},
           {act, "thread in a new namespace", invalid, ok},
           {act, "process sharing memory", ok}},
          {}};
}

LeakTable init_no_sibling_leaks() {
  return {&init_no_sibling,
          {{"a child makes one", "CLONE_PARENT by a child", ok},
           {"inside makes a sibling", "CLONE_PARENT", invalid, ok}},
          {}};
}

LeakTable no_ascent_leaks() {
  const char* const act = "inside tries to join";
  return {&no_ascent,
          {{act, "the one below", ok},
           {act, "its own", ok},
           {act, "outer namespace", invalid, ok},
           {act, "outer process", invalid, ok},
           {act, "sibling namespace", invalid, ok},
           {act, "parent of the one below", "its own"},
           {act, "parent of its own", Value::err(EPERM), ok}},
          {{act, "parent of the one below", "its own", "another"}}};
}

LeakTable unshare_children_leaks() {
  const char* const act = "inside unshares";
  return {&unshare_children,
          {{act, "unshare", ok},
           {act, "own namespace", "kept"},
           {act, "own pid", "kept"},
           {act, "first", "exited with 10", "exited with 100"},
           {act, "second", "ENOMEM", "exited with 100"},
           {act, "children's before the first", "ENOENT", "its own"},
           {act, "children's", "another", "its own"}},
          {{act, "own pid", "", "changed"}, {act, "own namespace", "", "changed"}}};
}

LeakTable setns_children_leaks() {
  const char* const act = "inside joins";
  return {&setns_children,
          {{act, "own namespace", "kept"},
           {act, "own pid", "kept"},
           {act, "first", "exited with 20", "exited with 100"},
           {act, "second", "exited with 30", "exited with 100"},
           {act, "children's", "another", "its own"}},
          {{act, "own pid", "", "changed"}, {act, "own namespace", "", "changed"}}};
}

LeakTable reboot_leaks() {
  const char* const act = "inside reboots below";
  return {&reboot,
          {{act, "make the first process", ok},
           {act, "none", "exited with 7"},
           {act, "CAD_OFF", invalid, ok},
           {act, "RESTART", "killed by SIGHUP", "exited with 7"},
           {act, "HALT", "killed by SIGINT", "exited with 7"},
           {act, "POWER_OFF", "killed by SIGINT", "exited with 7"},
           {act, "bad magic", invalid, Value::err(EPERM)},
           {act, "below enter", ok},
           {act, "below bad magic", Value::err(EPERM), invalid},
           {"outside goes on", "getpid", 1}},
          {{act, "HALT", "", "killed by SIGHUP"}, {act, "RESTART", "", "exited with 12"}}};
}

LeakTable set_tid_leaks() {
  const char* const act = "inside chooses pids";
  return {&set_tid,
          {{act, "one", ok},
           {act, "one returned", 215},
           {act, "one status", 50},
           {act, "both", ok},
           {act, "NSpid", "233\t201", "201"},
           {act, "first", ok},
           {act, "first status", 50},
           {act, "first returned", 215},
           {act, "not first", invalid, ok},
           {act, "taken", Value::err(EEXIST), ok},
           {act, "zero", invalid, ok},
           {act, "too deep", invalid, ok},
           {act, "below enter", ok},
           {act, "below one", Value::err(EPERM), ok}},
          {{act, "one status", 50, 51},
           {act, "one returned", 215, 7},
           {act, "first status", 50, 51},
           {act, "first returned", 215, 7}}};
}

LeakTable set_tid_above_leaks() {
  const char* const act = "inside chooses pids";
  return {
      &set_tid_above, {{act, "two levels", ok}, {act, "three levels", Value::err(EPERM), ok}}, {}};
}

LeakTable pid_max_leaks() {
  const char* const inside = "inside lowers it";
  return {&pid_max_own,
          {{"outside lowers it", "write", ok},
           {"outside lowers it", "limit", 999},
           {inside, "before", 5000, 999},
           {inside, "write", ok},
           {inside, "limit", 4992},
           {inside, "wanted", 4992},
           {inside, "below the limit", ok},
           {inside, "at the limit", invalid, ok},
           {inside, "below the outer limit", ok},
           {inside, "at the outer limit", invalid, ok},
           {inside, "write the reserved", invalid, ok},
           {"outside looks again", "limit", 999, 4992},
           {"outside looks again", "below the limit", ok, invalid}},
          {{inside, "limit", 4992, 5000}}};
}

LeakTable proc_owner_leaks() {
  const char* const inside = "inside looks into others";
  const char* const outside = "outside looks into the inside's";
  return {&proc_owner,
          {{inside, "mount(proc)", ok},
           {"sibling mounts proc", "mount(proc)", ok},
           {inside, "getpid", 1, 4},
           {inside, "self", "1", "4"},
           {inside, "self in the outside's", "4"},
           {outside, "inside", 4},
           {outside, "self in the inside's", "ENOENT", "1"},
           {inside, "self in the sibling's", "ENOENT", "4"}},
          {{inside, "self in the outside's", "4", "1"}, {inside, "self", "1", "4"}}};
}

LeakTable status_ids_leaks() {
  const char* const act = "inside leads a session";
  LeakTable table{&status_ids, {{act, "setsid", ok}, {act, "both", "7\t2", "7\t7"}}, {}};
  for (const char* name : {"NStgid", "NSpid", "NSpgid", "NSsid"}) {
    table.facts.emplace_back(act, name, "7\t2", "7");
  }
  return table;
}

LeakTable last_pid_written_leaks() {
  return {&last_pid_written,
          {{"inside writes", "write", ok},
           {"inside writes", "next", 251},
           {"outside goes on", "ns_last_pid", 5, 251},
           {"outside goes on", "next", 6, 252},
           {"inside writes", "below enter", ok},
           {"inside writes", "below write", Value::err(EPERM), ok}},
          {{"inside writes", "next", 251, 3}}};
}

// Of signals and of who they reach.
std::vector<LeakTable> process_leaks() {
  return {no_signal_out_leaks(),     no_signal_to_all_leaks(), no_signal_by_pidfd_leaks(),
          unknown_pids_leaks(),      init_protected_leaks(),   init_and_ancestor_leaks(),
          init_not_stopped_leaks(),  init_death_leaks(),       orphans_leaks(),
          orphans_of_joiner_leaks(), nesting_leaks(),          unshare_once_leaks(),
          no_foreign_thread_leaks(), init_no_sibling_leaks(),  no_ascent_leaks(),
          unshare_children_leaks(),  setns_children_leaks(),   reboot_leaks()};
}

// Of the numbers that are told and chosen.
std::vector<LeakTable> number_leaks() {
  return {pid_one_leaks(),    parent_invisible_leaks(), proc_view_leaks(),     pidfd_info_leaks(),
          si_pid_leaks(),     wait_pid_leaks(),         scm_pid_leaks(),       forged_pid_leaks(),
          lock_pids_leaks(),  proc_locks_leaks(),       mq_notify_pid_leaks(), sysv_pids_leaks(),
          set_tid_leaks(),    set_tid_above_leaks(),    pid_max_leaks(),       proc_owner_leaks(),
          status_ids_leaks(), last_pid_written_leaks()};
}

}  // namespace

std::vector<LeakTable> pid_leak_tables() {
  std::vector<LeakTable> all = number_leaks();
  std::ranges::move(process_leaks(), std::back_inserter(all));
  return all;
}

}  // namespace nsbench
