// Stands between the processes of checks and the kernel, and tells one lie.
//
// The subject is a process that runs checks as nsbench does. It, its children and all that they
// make are traced (ptrace(2)); a seccomp filter of the subject's own (call_trap.h) stops them at
// the lie's system calls only, and at prctl(PR_SET_NAME), by which the sides of a stage name
// themselves (probes/stage.cpp): so it is known whose call it is.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "suites/selftest/lie.h"
#include "suites/selftest/registers.h"

namespace nsbench::selftest {

// One arena of the subject's, by its stage.
struct TracedArena {
  std::map<std::string, std::string> memory;  // the lie's
};

// What a handler changed and the process must not notice after the call.
struct CallUndo {
  struct Written {
    std::uint64_t address = 0;
    std::string before;
    std::string after;
  };
  std::array<std::uint64_t, 6> args{};  // as the process passed them
  bool args_changed = false;
  std::vector<Written> written;  // the first first
};

struct TracedThread {
  std::shared_ptr<TracedArena> arena;  // null: of the harness, not of a stage
  Side side = Side::Outside;
  bool named = false;    // by a call of its own
  bool fresh = false;    // it has not run yet: its registers are those of the call that made it
  bool at_call = false;  // it is to be stopped at the exit of its call
  long call = 0;
  CallUndo undo;
};

class Tracer {
 public:
  // No lie: the calls that the subject traps go through unchanged.
  explicit Tracer(const Lie* lie) : lie_(lie) {}

  // Before the subject traps its calls. An Error where tracing is not permitted.
  Status seize(const Child& subject);
  // Until the subject and all of its processes have ended; a passed deadline ends them.
  Result<ExitStatus> run(Child subject, Deadline deadline);

  // How often the lie changed something. 0: it was never told.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  void handle(pid_t thread, int status);
  void handle_stop(pid_t thread, int event, int signal);
  void adopt_early(pid_t thread);
  void born(pid_t child, const TracedThread& parent);
  void first_stop(pid_t thread);
  void executed(pid_t thread, pid_t former);
  void at_entry(pid_t thread);
  void at_exit(pid_t thread);
  void tell_at_entry(pid_t thread, TracedThread& state, Registers& registers);
  [[nodiscard]] bool concerns(const TracedThread& state) const;
  std::map<std::string, std::string>& memory_of(const TracedThread& state);
  void resume(pid_t thread, int signal = 0);

  const Lie* lie_;
  TracedArena harness_;
  std::unordered_map<pid_t, TracedThread> threads_;
  std::uint64_t changes_ = 0;
};

}  // namespace nsbench::selftest
