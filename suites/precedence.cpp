#include "suites/precedence.h"

#include <sched.h>
#include <sys/resource.h>

#include <cerrno>

namespace nsbench {

Precedence::Precedence() {
  errno = 0;
  const bool usual =
      ::sched_getscheduler(0) == SCHED_OTHER && ::getpriority(PRIO_PROCESS, 0) == 0 && errno == 0;
  const sched_param lowest{.sched_priority = 1};
  taken_ = usual && ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
}

Precedence::~Precedence() {
  const sched_param none{.sched_priority = 0};
  if (taken_) ::sched_setscheduler(0, SCHED_OTHER, &none);
}

}  // namespace nsbench
