// A harness that is not kept waiting by what it watches.
#pragma once

namespace nsbench {

// While it lives, the calling process goes before every ordinary one, and what it forks does not
// (SCHED_RESET_ON_FORK, sched(7)): however many processes a check makes, they can be counted, and
// ended in time. It has to sleep most of the time. Where that is not allowed, or the process was
// given another priority than usual, which those forked would lose, nothing is changed.
class Precedence {
 public:
  Precedence();
  Precedence(const Precedence&) = delete;
  Precedence& operator=(const Precedence&) = delete;
  ~Precedence();

 private:
  bool taken_ = false;
};

}  // namespace nsbench
