// Ending a run early, in order, by a signal.
#pragma once

#include <csignal>

namespace nsbench::cli {

// From now on SIGINT, SIGTERM and SIGHUP only set what the answer points to, to their number, and
// SIGPIPE is ignored. One that comes half a second after that, or later, ends the program at once:
// somebody does not want to wait. What was ignored when the program was started, as SIGHUP by
// nohup(1), stays so. Valid for the life of the process.
const volatile std::sig_atomic_t* stop_on_signals();

// While one of these lives, such a signal, one that came before too, ends the process in a second
// or two, with exit status 3: what is written then may go to a pipe that nobody empties, or to a
// FIFO that nobody opens, and would else never end. For writing to streams alone: a file takes what
// time it takes.
class WhileWriting {
 public:
  WhileWriting();
  ~WhileWriting();
  WhileWriting(const WhileWriting&) = delete;
  WhileWriting& operator=(const WhileWriting&) = delete;
};

}  // namespace nsbench::cli
