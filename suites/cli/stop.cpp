#include "suites/cli/stop.h"

#include <initializer_list>

namespace nsbench::cli {

namespace {

// The one thing a handler may touch.
volatile std::sig_atomic_t stop_signal = 0;

}  // namespace

const volatile std::sig_atomic_t* stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { stop_signal = signal; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return &stop_signal;
}

}  // namespace nsbench::cli
