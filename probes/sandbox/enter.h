// The door: the only way into namespaces.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/recipe.h"
#include "reports/result.h"

namespace nsbench {

// A process inside. It ends with the Member.
struct Member {
  Child holder;         // setns only: made the namespaces and keeps them alive
  Child child;          // runs the body, or forked the process that does and hands on its status
  pid_t body = 0;       // the body's pid, in the pid namespace of enter()'s caller
  bool forked = false;  // whether `child` forked the body

  Member() = default;
  Member(Member&&) noexcept = default;
  Member& operator=(Member&& other) noexcept;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { end(); }

  // Kills and reaps all of it, from the inside out.
  void end();
  // Waits for the body's end.
  Result<ExitStatus> wait(Deadline deadline);
};

// Enters `recipe.namespaces` by `recipe.method` and runs `body` there, in a process of its own:
//   clone, clone3  the body's process is made inside;
//   unshare        a forked process unshares, and forks once more for pid and time, since these
//                  two are entered by children only (unshare(2));
//   setns          a holder is made inside by clone3 (clone where that is filtered), and a forked
//                  process joins it, forking once more for pid.
// In a new user namespace the body's ids are inside_id() of the caller's, and it has every
// capability. With an empty set the same processes are made and no namespace is: the control.
// The rights used are the caller's own: `recipe.privilege` is the arena's matter (arena.h).
// The caller must be single-threaded. Returns when the body is about to run; an Error names the
// step that failed: "unshare(CLONE_NEWNET): EPERM".
Result<Member> enter(const Recipe& recipe, const Child::Body& body, Deadline deadline);

// A process that makes `set` by clone3 (by clone where a filter answers ENOSYS) and keeps it alive
// until it is killed: what setns joins. With an empty set it shares its maker's namespaces.
Result<Child> hold_open(NamespaceSet set, Deadline deadline);

// The calls by which enter() enters, in order, named as its Errors name them; with who makes them
// where that is not the process that goes inside.
std::vector<std::string> steps_of(const Recipe& recipe);

// "/proc/PID" of a child, with the number that the /proc mounted here knows it by, which is not the
// caller's own where that /proc belongs to another pid namespace.
Result<std::string> proc_dir(const Child& child);

}  // namespace nsbench
