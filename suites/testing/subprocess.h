// For tests: another program, run to its end, with what it printed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace nsbench::testing {

struct Finished {
  int exit_code = -1;  // -1: killed by a signal
  int signal = 0;
  std::string out;
  std::string err;
};

// Runs `command` (its first word is looked up in PATH) with an empty standard input.
Finished run_program(const std::vector<std::string>& command);

// Starts it without waiting, its output thrown away. The caller reaps it.
pid_t start_program(const std::vector<std::string>& command);

}  // namespace nsbench::testing
