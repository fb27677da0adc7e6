// A program that can't outlive us, whatever kills us, nor leave anything behind, and that has no
// right of ours: a virtual machine, in which a kernel runs that nobody has to trust.
#pragma once

#include <chrono>
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
  // A device that it opens by its path, though only root, or a group, may: "/dev/kvm"; or nothing.
  std::string device;
  // It is given words that we know nothing of: it keeps the network and files to be written to.
  bool has_foreign_words = false;
};

// A started program. Destroying it kills it with all that it started.
class Contained {
 public:
  // In namespaces of its own (pid, mnt, ipc, uts and net; without root, a user namespace, too), so
  // that the kernel ends all of it when its first process ends, which does when this process does.
  // What is mounted is read-only to it but for a tmpfs at private_directory(). Started by root, it
  // is user 65534. It has no capability, not even in its bounding set, can get none
  // (no_new_privs), and of the environment the search paths alone. If memory runs out, it goes
  // first. Where namespaces are refused it is tied to this process alone, and keeps its user. Its
  // standard input is empty, and it is in a session of its own: a terminal's signals are ours.
  static Result<Contained> start(const ContainedSpec& spec);

  // Where the program may write what nobody will need: a directory, gone with it.
  static const char* private_directory() { return "/dev/shm"; }

  // Whether it has ended; never waits.
  bool ended() { return finished_ || wait(Deadline::in(std::chrono::milliseconds(0))); }
  // Whether it has ended by the deadline.
  bool wait(Deadline deadline);
  // Kills it and waits until it is gone, or for `patience`: who was stopped hardly waits.
  void kill(std::chrono::milliseconds patience = std::chrono::milliseconds(5000));
  // "exited with 1", "was killed by SIGKILL", "is still running"; "was killed, but hangs in the
  // kernel": it is given up.
  [[nodiscard]] const std::string& fate() const { return fate_; }

 private:
  Member member_;
  bool finished_ = false;
  std::string fate_ = "is still running";
};

}  // namespace nsbench::kernel
