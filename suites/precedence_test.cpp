#include "suites/precedence.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include "probes/sandbox/child.h"

namespace nsbench {
namespace {

int policy() { return ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK; }

// In a process of its own, which a failure leaves as it was.
ExitStatus status_of(const Child::Body& body) {
  Result<Child> child = Child::fork(body);
  const Result<ExitStatus> ended = child->wait(Deadline::in(std::chrono::seconds(30)));
  return ended ? *ended : ExitStatus{.code = 99};
}

TEST(Precedence, IsTheCallersAndNotItsChildrens) {
  const ExitStatus ended = status_of([] {
    const int before = policy();
    {
      const Precedence first;
      if (policy() != SCHED_FIFO) return 77;  // not allowed here
      if (status_of([] { return policy(); }).code != SCHED_OTHER) return 2;
      if (status_of([] { return ::getpriority(PRIO_PROCESS, 0); }).code != 0) return 3;
    }
    return policy() == before ? 0 : 4;
  });
  if (ended.code == 77) GTEST_SKIP() << "no CAP_SYS_NICE";
  EXPECT_EQ(ended.code, 0);
}

TEST(Precedence, LeavesANiceProcessAndItsChildrenNice) {
  const ExitStatus ended = status_of([] {
    if (::setpriority(PRIO_PROCESS, 0, 5) != 0) return 77;
    const Precedence first;
    return status_of([] { return ::getpriority(PRIO_PROCESS, 0); }).code == 5 ? 0 : 2;
  });
  EXPECT_EQ(ended.code, 0);
}

}  // namespace
}  // namespace nsbench
