// For tests: makes the kernel refuse calls, as a seccomp filter does.
#pragma once

#include <cstdint>
#include <span>

#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench::testing {

// From now on, in the caller and its children, the method's call fails with `err`.
Status refuse(Method method, int err);
// From now on, it is the end of the process that makes it (SIGSYS).
Status forbid(Method method);

// One call that a filter does not let through.
struct FilterRule {
  long number = 0;
  int err = 0;              // the answer; 0: it ends the process (SIGSYS)
  std::uint32_t flags = 0;  // only where the first argument has one of these; 0: always
};

// The four methods' calls (a clone without CLONE_NEW* is let through, or nothing could fork), and
// mount; each answered with `err` (0: the end of the process).
FilterRule rule_of(Method method, int err);
FilterRule rule_of_mount(int err);

// What Docker's default profile does not let a container's process do, as far as nsbench would; for
// one that was given CAP_SYS_ADMIN (docker run --cap-add), and for one that was not.
std::span<const FilterRule> docker_default(bool with_sys_admin);

// From now on, in the caller and its children.
Status install_filter(std::span<const FilterRule> rules);

}  // namespace nsbench::testing
