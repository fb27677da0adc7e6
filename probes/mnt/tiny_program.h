// The smallest program: what is executed to see which privileges execve gives.
#pragma once

#include <string>

namespace nsbench::probes {

// An ELF file that loops until it is killed; empty on a machine for which there is none here.
std::string tiny_program();

// What a process is after it executed a file.
struct Executed {
  int err = 0;               // execve's errno
  std::string user;          // effective user id, as /proc/PID/status has it
  std::string capabilities;  // effective ones, likewise
};

// Runs `prepare` and then the program open as `fd` in a forked process, looks at it, and ends it.
// `prepare` gives privileges up; false from it, or a process that is lost, is an err of -1.
Executed execute(int fd, bool (*prepare)());

}  // namespace nsbench::probes
