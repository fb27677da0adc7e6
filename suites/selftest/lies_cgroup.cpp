// Lies about cgroup namespaces.
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <string>

#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array reads{long{SYS_read}};
constexpr std::array writes{long{SYS_write}};
#ifdef SYS_access
constexpr std::array accesses{long{SYS_access}, long{SYS_faccessat}};
#else
constexpr std::array accesses{long{SYS_faccessat}};
#endif

// Changes what was read from a file of this name: every `from` becomes `to`.
void replace(Call& call, std::string_view file, std::string_view from, std::string_view to) {
  if (call.result() <= 0 || !call.file_of(call.arg(0)).ends_with(file)) return;
  std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  const std::size_t room = call.arg(2);
  bool changed = false;
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    changed = true;
  }
  if (!changed || text.size() > room) return;
  call.write(call.arg(1), text);
  call.set_result(static_cast<long>(text.size()));
}

void show_a_longer_path(Call& call) { replace(call, "/cgroup", ":/\n", ":/host\n"); }
void show_no_way_up(Call& call) { replace(call, "/cgroup", ":/..", ":/host"); }
void show_absolute_roots(Call& call) { replace(call, "/mountinfo", " /../..", " /host"); }

void mount_the_whole_tree(Call& call) {
  const int path = call.number() == SYS_faccessat ? 1 : 0;
  if (call.text(call.arg(path)).ends_with("/mounted/mark")) call.set_result(-ENOENT);
}

bool writes_to(const Call& call, std::string_view file) {
  return call.file_of(call.arg(0)).ends_with(file);
}
void move_with_the_writers_rights(Call& call) {
  if (call.result() == -EACCES && writes_to(call, "/cgroup.procs")) call.set_result(1);
}
void let_any_root_set_the_agent(Call& call) {
  if (call.result() == -EPERM && writes_to(call, "/release_agent")) {
    call.set_result(static_cast<long>(call.arg(2)));
  }
}
void let_all_out(Call& call) {
  if (call.result() == -ENOENT && writes_to(call, "/cgroup.procs")) call.set_result(1);
}
void let_all_set_limits(Call& call) {
  if (call.result() == -EPERM && writes_to(call, "/cgroup.max.depth")) {
    call.set_result(static_cast<long>(call.arg(2)));
  }
}

constexpr std::array lies{
    Lie{.name = "cgroup_paths_are_the_hosts",
        .sentence = "/proc/self/cgroup shows a longer path at the namespace's root",
        .row = "cgroup/self_root",
        .cases = "^cgroup/self_root",
        .calls = reads,
        .at_exit = show_a_longer_path},
    Lie{.name = "cgroup_paths_are_absolute",
        .sentence = "/proc/PID/cgroup of processes outside is not relative",
        .row = "cgroup/self_root",
        .cases = "^cgroup/self_root",
        .calls = reads,
        .at_exit = show_no_way_up},
    Lie{.name = "cgroup_mount_roots_are_absolute",
        .sentence = "the root field of mountinfo is not relative",
        .row = "cgroup/self_root",
        .cases = "^cgroup/self_root",
        .calls = reads,
        .at_exit = show_absolute_roots},
    Lie{.name = "cgroup_mounts_show_all",
        .sentence = "a cgroup file system mounted inside starts at the host's root",
        .row = "cgroup/self_root",
        .cases = "^cgroup/self_root",
        .calls = accesses,
        .at_exit = mount_the_whole_tree},
    Lie{.name = "cgroup_moves_by_the_writers_rights",
        .sentence = "a move has the rights of who writes to cgroup.procs",
        .row = "cgroup/delegation",
        .cases = "^cgroup/opener_rights",
        .calls = writes,
        .at_exit = move_with_the_writers_rights},
    Lie{.name = "release_agent_of_any_root",
        .sentence = "root of a user namespace sets release_agent",
        .row = "cgroup/delegation",
        .cases = "^cgroup/release_agent:",
        .calls = writes,
        .at_exit = let_any_root_set_the_agent},
    Lie{.name = "cgroup_moves_out",
        .sentence = "with nsdelegate a process moves out of its namespace's root",
        .row = "cgroup/delegation",
        .cases = "^cgroup/delegation:",
        .calls = writes,
        .at_exit = let_all_out},
    Lie{.name = "cgroup_limits_of_the_root",
        .sentence = "with nsdelegate a process sets the limits of its namespace's root",
        .row = "cgroup/delegation",
        .cases = "^cgroup/delegation:",
        .calls = writes,
        .at_exit = let_all_set_limits},
};

}  // namespace

std::span<const Lie> cgroup_lies() { return lies; }

}  // namespace nsbench::selftest
