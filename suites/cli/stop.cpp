#include "suites/cli/stop.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <initializer_list>

#include "reports/gate.h"

namespace nsbench::cli {

namespace {

// What a handler may touch.
volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t writing = 0;
std::atomic<std::int64_t> stopped_at_ms{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

constexpr unsigned patience = 1;  // seconds

// Only ever while writing.
void on_alarm(int /*signal*/) {
  if (writing != 0) ::_exit(static_cast<int>(ExitCode::Unknown));
}

// timeout(1), and a shell whose terminal is closed, send the same signal twice at once, and mean it
// once.
void on_signal(int signal) {
  constexpr std::int64_t at_once_ms = 500;
  if (stop_signal == 0) {
    stopped_at_ms = now_ms();
    stop_signal = signal;
    if (writing != 0) ::alarm(patience);
  } else if (now_ms() - stopped_at_ms >= at_once_ms) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // comes when this handler returns
  }
}

}  // namespace

const volatile std::sig_atomic_t* stop_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    ::sigaction(signal, &action, nullptr);
  }
  struct sigaction alarm {};
  alarm.sa_handler = on_alarm;
  ::sigaction(SIGALRM, &alarm, nullptr);
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
