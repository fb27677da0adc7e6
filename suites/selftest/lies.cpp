#include "suites/selftest/lie.h"

namespace nsbench::selftest {

std::vector<const Lie*> all_lies() {
  std::vector<const Lie*> all;
  for (const auto family : {general_lies, pid_lies, uts_lies, mnt_lies, ipc_lies, user_lies,
                            net_lies, cgroup_lies, time_lies, nsfs_lies, calls_lies, whole_lies}) {
    for (const Lie& lie : family()) all.push_back(&lie);
  }
  return all;
}

}  // namespace nsbench::selftest
