// A program that can't outlive us, whatever kills us, nor leave anything behind: a virtual machine.
#pragma once

#include <string>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/enter.h"
#include "reports/result.h"

namespace nsbench::kernel {

struct ContainedSpec {
  std::vector<std::string> argv;  // the first word is looked up in PATH
  std::vector<int> inherited;     // descriptors that the program has too, by the same numbers
  int output = -1;                // a descriptor for its standard output and error
};

// A started program. Destroying it kills it with all that it started.
class Contained {
 public:
  // In pid and mount namespaces of its own (and, without root, a user namespace), so that the
  // kernel ends all of it when its first process ends, which does when this process does. It has a
  // tmpfs at private_directory() to itself. Where namespaces are refused it is tied to this process
  // alone. Its standard input is empty, and it is in a session of its own: a terminal's signals are
  // ours.
  static Result<Contained> start(const ContainedSpec& spec);

  // Where the program may write what nobody will need: a directory, gone with it.
  static const char* private_directory() { return "/dev/shm"; }

  // Whether it has ended; never waits.
  bool ended() { return finished_ || wait(Deadline::in(std::chrono::milliseconds(0))); }
  // Whether it has ended by the deadline.
  bool wait(Deadline deadline);
  void kill();
  // "exited with 1", "was killed by SIGKILL", "is still running"
  [[nodiscard]] const std::string& fate() const { return fate_; }

 private:
  Member member_;
  bool finished_ = false;
  std::string fate_ = "is still running";
};

}  // namespace nsbench::kernel
