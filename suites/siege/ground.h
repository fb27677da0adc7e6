// The ground on which nsbench is besieged: namespaces, directories and a cgroup of the siege's own,
// so that whatever is left can be seen, is nobody else's, and goes with us.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reports/result.h"
#include "suites/siege/memory.h"
#include "suites/testing/host_state.h"

namespace nsbench::siege {

struct Ground {
  std::string program;  // the nsbench
  // Directories that are empty at the start.
  std::string reports;                 // where nsbench writes
  std::string small;                   // where a small file system is mounted, to be full
  std::string inputs;                  // what is only read
  std::string home;                    // HOME
  std::string cwd;                     // the working directory
  testing::View view;                  // what must be as before after each kill
  std::optional<MemoryCgroup> memory;  // where it can be made to run out
};

// Runs `body` as PID 1 in pid, mount, uts, ipc and network namespaces of its own (and, without
// root, a user namespace), with private file systems in memory over the places where programs leave
// things. Its answer is the exit status. `disk`: reports are written in a directory that is made
// there, for a file system of a disk; empty: in memory. An Error: the ground can't be had here.
Result<int> on_own_ground(const std::string& program, const std::string& disk,
                          const std::function<int(const Ground&)>& body);

}  // namespace nsbench::siege
