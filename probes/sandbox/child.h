// A child process that is owned: killed and reaped on every path.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench {

// How a process ended.
struct ExitStatus {
  int code = 0;    // if it exited
  int signal = 0;  // if a signal killed it; else 0
  // "exited with 3", "killed by SIGSEGV"
  [[nodiscard]] std::string str() const;
};

class Child {
 public:
  // What a child runs; its return value is its exit status. Exceptions end it with status 70.
  using Body = std::function<int()>;
  // The call that makes the process: calls::clone or calls::clone3.
  using Call = pid_t (*)(std::uint64_t flags, int* pidfd);

  // Starts `body` in a new process made with `flags` (CLONE_NEW*). The child dies when its parent
  // does (PR_SET_PDEATHSIG; set again after each credential change: stay_tied_to_parent()), and
  // leaves by _exit, so nothing of the parent's is flushed or destroyed twice. `step` names the
  // call in the error.
  static Result<Child> start(std::string step, Call call, std::uint64_t flags, const Body& body);
  // A plain fork.
  static Result<Child> fork(const Body& body);

  Child() = default;
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }  // in the caller's pid namespace
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] bool running() const { return pid_ > 0; }
  // Gives the process up: it runs until it ends by itself or its parent does.
  void disown() {
    pid_ = -1;
    pidfd_.reset();
  }

  // SIGKILL, then reaps; harmless if it has ended. A process that does not die of it within five
  // seconds hangs in the kernel, and is given up.
  ExitStatus kill();
  // SIGKILL alone. It is reaped by a later call, or by ended().
  void begin_end() const;
  // Whether it has ended; reaps it then. Never waits.
  bool ended();
  // Reaps it; ETIMEDOUT if it is still running at the deadline (and then it keeps running).
  Result<ExitStatus> wait(Deadline deadline);
  Result<ExitStatus> wait();

 private:
  Result<std::optional<ExitStatus>> reap(int options);
  pid_t pid_ = -1;
  Fd pidfd_;
};

// Asks for SIGKILL when the parent dies. The kernel forgets this at every change of credentials
// (PR_SET_PDEATHSIG(2const)), so it is called again after each.
void stay_tied_to_parent();

// What a shell's exit status is for a program that it can't find, and for one that a signal ended.
inline constexpr int exit_not_found = 127;
inline constexpr int base_of_signals = 128;

// In a forked process: becomes the program argv[0], which PATH finds, with the signals that end
// nsbench as they are by default. Returns only where that fails, and says why on standard error:
// exit_not_found.
int become(const std::vector<std::string>& argv);

}  // namespace nsbench
