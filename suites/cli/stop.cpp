#include "suites/cli/stop.h"

#include <unistd.h>

#include <initializer_list>

#include "reports/gate.h"

namespace nsbench::cli {

namespace {

// What handlers may touch.
volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t writing = 0;

constexpr unsigned patience = 1;  // seconds

void on_stop(int signal) {
  stop_signal = signal;
  if (writing != 0) ::alarm(patience);
}

// Only ever while writing.
void on_alarm(int /*signal*/) {
  if (writing != 0) ::_exit(static_cast<int>(ExitCode::Unknown));
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

const volatile std::sig_atomic_t* stop_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal, on_stop);
  handle(SIGALRM, on_alarm);
  ::signal(SIGPIPE, SIG_IGN);
  return &stop_signal;
}

WhileWriting::WhileWriting() {
  writing = 1;
  if (stop_signal != 0) ::alarm(patience);
}

WhileWriting::~WhileWriting() {
  writing = 0;
  ::alarm(0);
}

}  // namespace nsbench::cli
