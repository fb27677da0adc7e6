// For tests: one row is one environment, and what must come out of it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "suites/hostile/environment.h"

namespace nsbench::testing {

// Every probe by one way in. Without those that wait for the kernel to count.
inline constexpr const char* every_family = "^(?!calls/no_growth|user/limit_)[a-z]+/.*:unshare:";
inline constexpr const char* every_family_by_setns =
    "^(?!calls/no_growth|user/limit_)[a-z]+/.*:setns.pidfd:";
// A few of every family, for what is about the machine.
inline constexpr const char* some =
    "^([a-z]+/(identity|hostname|pid_one|mount_view|sysv_shm|interfaces|uid_map|self_root|clocks|"
    "links|owner|proc_view|privilege_uts|pidfd_refused)|create/uts|join/"
    "net):(unshare|setns.pidfd|setns):";

struct Row {
  const char* name;
  Surroundings where;
  std::vector<Lost> lost;
  const char* cases = every_family;  // of checks and benchmarks
  const char* seconds = "0.02";      // for each benchmark
  std::vector<std::string> options;  // of nsbench run, in addition
  // What the environment needs to be made: programs, and root.
  std::vector<std::string> programs;
  bool root = false;
  // Nothing can be checked there: exit status 3.
  bool nothing = false;
};

void PrintTo(const Row& row, std::ostream* out);

// What the command says without anything around it; it is run once for all that ask.
const Result<Report>& undisturbed(const std::vector<std::string>& command);

// Runs nsbench there and here, and holds the one against the other.
class HostileTo : public ::testing::TestWithParam<Row> {
 protected:
  void run();
};

// Of a parameter: its name.
std::string name_of(const ::testing::TestParamInfo<Row>& info);

}  // namespace nsbench::testing
