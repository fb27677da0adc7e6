// Ending a run early, in order, by a signal.
#pragma once

#include <csignal>

namespace nsbench::cli {

// From now on SIGINT, SIGTERM and SIGHUP only set what the answer points to, to their number, and
// SIGPIPE is ignored. Valid for the life of the process.
const volatile std::sig_atomic_t* stop_on_signals();

}  // namespace nsbench::cli
