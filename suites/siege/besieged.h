// An nsbench that was started to be killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::siege {

struct How {
  std::vector<std::string> argv;
  bool as_nobody = false;  // without root's rights
  bool terminal = false;   // as the leader of a session with a terminal of its own
};

// How it ended.
struct End {
  int code = -1;    // -1: by a signal
  int signal = 0;   // 0: it exited
  std::string err;  // what it said on standard error
  [[nodiscard]] std::string str() const;
};

// What is not waited for is killed with the siege, whose pid namespace it is in.
class Besieged {
 public:
  static Result<Besieged> start(const How& how);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Waits for its end; nothing: it has not ended by then. What it writes to its terminal is read.
  std::optional<End> wait(std::chrono::milliseconds patience);
  // How long it has been ready to run and was not run, in seconds, as far as it is known by now:
  // what a busy machine adds to all that it does.
  [[nodiscard]] double waited_for_cpu() const { return waited_; }
  // Whether it has a handler for that signal. Not yet: it ends by it.
  [[nodiscard]] bool listens_to(int signal) const;
  void send(int signal) const;
  void send_to_group(int signal) const;
  void close_terminal() { terminal_.reset(); }

  // The others in this pid namespace: what it started.
  [[nodiscard]] std::vector<pid_t> descendants() const;

 private:
  Besieged() = default;
  void read_terminal();
  void look_at_waiting();

  double waited_ = 0;
  pid_t pid_ = -1;
  Fd pidfd_;
  Fd terminal_;  // our end
  Fd err_;       // a file in memory
};

}  // namespace nsbench::siege
