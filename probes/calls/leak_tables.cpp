#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <utility>

#include "probes/calls/probes.h"
#include "probes/leak_table.h"

namespace nsbench {
namespace {

using namespace probes;

const Value not_permitted = Value::err(EPERM);
const Value no_access = Value::err(EACCES);
const Value invalid = Value::err(EINVAL);
const Value no_process = Value::err(ESRCH);

std::string link(std::string_view kind, int inode) { return fmt::format("{}:[{}]", kind, inode); }

LeakTable sharing_leaks() {
  constexpr std::string_view act = "inside looks with its kin";
  LeakTable table{&sharing, {{act, "kinds", "all"}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    table.facts.emplace_back("outside looks", name, link(name, 1));
    table.facts.emplace_back(act, name, link(name, 2), link(name, 1));
    table.facts.emplace_back(act, "child's " + name, link(name, 2), link(name, 1));
    table.facts.emplace_back(act, "thread's " + name, link(name, 2), link(name, 1));
    table.further_leaks.emplace_back("outside looks", name, link(name, 1), link(name, 2));
    table.further_leaks.emplace_back(act, "child's " + name, link(name, 2), link(name, 3));
  }
  return table;
}

LeakTable unshare_own_leaks() {
  constexpr std::string_view act = "outside has a child that unshares";
  LeakTable table{&unshare_own, {{act, "kinds", "all"}, {act, "unshare", ok}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    const bool for_children = kind.kind == Kind::Pid || kind.kind == Kind::Time;
    table.facts.emplace_back(act, "own " + name + " before", link(name, 1));
    table.facts.emplace_back(act, "own " + name + " after", link(name, for_children ? 1 : 2),
                             link(name, for_children ? 2 : 1));
    for (const char* who : {"parent ", "child ", "sibling "}) {
      table.facts.emplace_back(act, who + name + " before", link(name, 1));
      table.facts.emplace_back(act, who + name + " after", link(name, 1), link(name, 2));
    }
  }
  return table;
}

LeakTable thread_own_leaks() {
  constexpr std::string_view act = "outside has a thread that unshares";
  LeakTable table{&thread_own, {{act, "kinds", "all"}, {act, "unshare", ok}}, {}};
  for (const std::string name : {"uts", "ipc", "net", "cgroup", "mnt"}) {
    table.facts.emplace_back(act, "before " + name, link(name, 1));
    table.facts.emplace_back(act, "thread's " + name, link(name, 2), link(name, 1));
    table.facts.emplace_back(act, "after " + name, link(name, 1), link(name, 2));
  }
  return table;
}

LeakTable pidfd_join_leaks() {
  constexpr std::string_view act = "outside joins";
  constexpr NamespaceSet some{Kind::Uts, Kind::Ipc, Kind::Net};
  LeakTable table{
      &pidfd_join, {{act, "kinds", "all"}, {act, "join some", ok}, {act, "join all", ok}}, {}};
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    const int joined = some.has(kind.kind) ? 2 : 1;
    table.facts.emplace_back(act, "own " + name, link(name, 1));
    table.facts.emplace_back(act, "target's " + name, link(name, 2));
    table.facts.emplace_back(act, "some " + name, link(name, joined), link(name, 3 - joined));
    table.facts.emplace_back(act, "all " + name, link(name, 2), link(name, 1));
  }
  return table;
}

LeakTable pidfd_refused_leaks() {
  constexpr std::string_view act = "outside sends one below";
  LeakTable table{&pidfd_refused,
                  {{act, "below enter", ok},
                   {act, "below join with pid", invalid, ok},
                   {act, "below join", ok}},
                  {}};
  for (const std::string name : {"uts", "ipc"}) {
    table.facts.emplace_back(act, "below before " + name, link(name, 1));
    table.facts.emplace_back(act, "below refused " + name, link(name, 1), link(name, 2));
    table.facts.emplace_back(act, "target's " + name, link(name, 2));
    table.facts.emplace_back(act, "below joined " + name, link(name, 2));
  }
  return table;
}

LeakTable pidfd_exited_leaks() {
  constexpr std::string_view act = "outside joins";
  return {&pidfd_exited,
          {{act, "of a live one", ok},
           {act, "of a zombie", no_process, ok},
           {act, "of none", no_process, ok}},
          {}};
}

LeakTable pidfd_namespaces_leaks() {
  constexpr std::string_view act = "outside asks";
  LeakTable table{&pidfd_namespaces,
                  {{act, "kinds", "all"},
                   {act, "own uts", link("uts", 1)},
                   {act, "with an argument", invalid, ok},
                   {act, "of a zombie", no_process, ok},
                   {act, "of none", no_process, ok}},
                  {}};
  for (const std::string name : {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
                                 "time_for_children", "user", "uts"}) {
    const std::string kind = name.substr(0, name.find('_'));
    table.facts.emplace_back(act, name, ok);
    table.facts.emplace_back(act, name + " asked", link(kind, 2), link(kind, 1));
    table.facts.emplace_back(act, name + " is", link(kind, 2));
  }
  return table;
}

LeakTable ptrace_access_leaks() {
  constexpr std::string_view act = "outside tries";
  return {&ptrace_access,
          {{act, "drop", ok},
           {act, "readlink with", ok},
           {act, "readlink without", no_access, ok},
           {act, "open with", ok},
           {act, "open without", no_access, ok},
           {act, "setns with", ok},
           {act, "setns without", not_permitted, ok}},
          {}};
}

LeakTable pidfd_access_leaks() {
  constexpr std::string_view act = "outside tries";
  return {&pidfd_access,
          {{act, "drop", ok}, {act, "ioctl with", ok}, {act, "ioctl without", no_access, ok}},
          {}};
}

LeakTable make_leaks(const Probe& probe) {
  constexpr std::string_view act = "outside makes";
  const bool free = &probe == &privilege_user;
  return {&probe,
          {{act, "drop", ok},
           {act, "with", ok},
           {act, "without", free ? ok : not_permitted, free ? not_permitted : ok}},
          {}};
}

LeakTable join_leaks(const Probe& probe) {
  constexpr std::string_view act = "outside joins";
  return {&probe,
          {{act, "drop", ok},
           {act, "with", ok},
           {act, "without", not_permitted, ok},
           {act, "below enter", ok},
           {act, "below join", not_permitted, ok}},
          {}};
}

// A name, and the errno that is wanted; what is refused leaks by success.
using Wanted = std::pair<std::string_view, int>;

LeakTable attempts(const Probe& probe, const std::vector<Wanted>& wanted) {
  LeakTable table{&probe, {}, {}};
  for (const auto& [name, err] : wanted) {
    table.facts.emplace_back("outside tries", name, Value::err(err), ok);
  }
  return table;
}

LeakTable clone_flags_leaks() {
  return attempts(clone_flags, {{"CLONE_NEWNS", 0},
                                {"CLONE_FS", 0},
                                {"CLONE_NEWNS|CLONE_FS", EINVAL},
                                {"CLONE_NEWUTS", 0},
                                {"CLONE_NEWUTS|CLONE_SIGHAND", EINVAL},
                                {"CLONE_NEWUTS|CLONE_THREAD", EINVAL},
                                {"CLONE_PIDFD|CLONE_DETACHED", EINVAL}});
}

LeakTable unshare_flags_leaks() {
  const std::vector<Wanted> wanted{{"0", 0},
                                   {"CLONE_NEWUTS", 0},
                                   {"CLONE_FS|CLONE_FILES|CLONE_SYSVSEM", 0},
                                   {"CLONE_NEWNS|CLONE_FS", 0},
                                   {"CLONE_THREAD|CLONE_SIGHAND|CLONE_VM without threads", 0},
                                   {"CLONE_VFORK", EINVAL},
                                   {"CLONE_PARENT", EINVAL},
                                   {"CLONE_NEWUTS|CLONE_PTRACE", EINVAL},
                                   {"CLONE_NEWUTS and an unknown bit", EINVAL}};
  LeakTable table = attempts(unshare_flags, wanted);
  for (const auto& [name, err] : wanted) {
    if (err == 0) continue;
    table.facts.emplace_back("outside tries", std::string(name) + " stays", 1, 0);
  }
  return table;
}

LeakTable setns_errors_leaks() {
  return attempts(setns_errors, {{"a namespace", 0},
                                 {"a namespace as such", 0},
                                 {"a namespace as two kinds", EINVAL},
                                 {"a namespace as an unknown kind", EINVAL},
                                 {"a file", EINVAL},
                                 {"a file as a namespace", EINVAL},
                                 {"a pipe", EINVAL},
                                 {"a process's directory", EINVAL},
                                 {"a closed descriptor", EBADF},
                                 {"no descriptor", EBADF}});
}

LeakTable setns_pidfd_errors_leaks() {
  return attempts(setns_pidfd_errors, {{"a pidfd as uts", 0},
                                       {"a pidfd without a kind", EINVAL},
                                       {"a pidfd with an unknown bit", EINVAL},
                                       {"a pidfd with CLONE_FS", EINVAL}});
}

LeakTable clone3_args_leaks() {
  return attempts(clone3_args, {{"CLONE_ARGS_SIZE_VER0", 0},
                                {"a larger size with zeros behind", 0},
                                {"a smaller size", EINVAL},
                                {"size 0", EINVAL},
                                {"a larger size with more than zeros behind", E2BIG},
                                {"a size above a page", E2BIG},
                                {"an unknown flag", EINVAL},
                                {"CLONE_DETACHED", EINVAL},
                                {"CLONE_NEWNS|CLONE_FS", EINVAL},
                                {"an exit signal that there is not", EINVAL},
                                {"no address", EFAULT}});
}

LeakTable growth_leaks(const Probe& probe) {
  constexpr std::string_view act = "outside makes and leaves";
  return {&probe,
          {{act, "limited warm up", ok},
           {act, "limited room after all", ok, Value::err(ENOSPC)},
           {act, "limited rounds that grew", 0, 23},
           {act, "limited processes before", 3},
           {act, "limited processes after", 3, 4}},
          {}};
}

}  // namespace

std::vector<LeakTable> calls_leak_tables() {
  std::vector<LeakTable> tables{
      sharing_leaks(),       unshare_own_leaks(),        thread_own_leaks(),
      pidfd_join_leaks(),    pidfd_refused_leaks(),      pidfd_exited_leaks(),
      ptrace_access_leaks(), pidfd_namespaces_leaks(),   pidfd_access_leaks(),
      clone_flags_leaks(),   unshare_flags_leaks(),      setns_errors_leaks(),
      clone3_args_leaks(),   setns_pidfd_errors_leaks(),
  };
  for (const Probe* probe : {&privilege_user, &privilege_pid, &privilege_uts, &privilege_ipc,
                             &privilege_net, &privilege_cgroup, &privilege_time, &privilege_mnt}) {
    tables.push_back(make_leaks(*probe));
  }
  for (const Probe* probe :
       {&join_privilege_pid, &join_privilege_uts, &join_privilege_ipc, &join_privilege_net,
        &join_privilege_cgroup, &join_privilege_time, &join_privilege_mnt}) {
    tables.push_back(join_leaks(*probe));
  }
  for (const Probe* probe : {&no_growth_user, &no_growth_pid, &no_growth_uts, &no_growth_ipc,
                             &no_growth_net, &no_growth_cgroup, &no_growth_time, &no_growth_mnt}) {
    tables.push_back(growth_leaks(*probe));
  }
  return tables;
}

}  // namespace nsbench
