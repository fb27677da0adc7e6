// What kernels with a broken time namespace would do. A tracer does not see the vDSO's answers:
// lies about a clock are about the system call.
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array clock_calls{static_cast<long>(SYS_clock_gettime)};
constexpr std::array sleep_calls{static_cast<long>(SYS_clock_nanosleep)};
constexpr std::array timerfd_calls{static_cast<long>(SYS_timerfd_settime)};
constexpr std::array timer_calls{static_cast<long>(SYS_timer_settime)};
constexpr std::array futex_calls{static_cast<long>(SYS_futex)};
#ifdef SYS_futex_waitv
constexpr std::array waitv_calls{static_cast<long>(SYS_futex_waitv)};
#else
constexpr std::array waitv_calls{449L};
#endif
constexpr std::array left_calls{static_cast<long>(SYS_timerfd_gettime),
                                static_cast<long>(SYS_timer_gettime)};
constexpr std::array read_calls{static_cast<long>(SYS_read)};
constexpr std::array write_calls{static_cast<long>(SYS_write)};
constexpr std::array sysinfo_calls{static_cast<long>(SYS_sysinfo)};
constexpr std::array adjust_calls{static_cast<long>(SYS_adjtimex),
                                  static_cast<long>(SYS_clock_adjtime)};
constexpr std::array setns_calls{static_cast<long>(SYS_setns)};
#ifdef SYS_readlink
constexpr std::array link_calls{static_cast<long>(SYS_readlinkat), static_cast<long>(SYS_readlink)};
#else
constexpr std::array link_calls{static_cast<long>(SYS_readlinkat)};
#endif

// More than every offset that a probe sets.
constexpr std::int64_t far = 800'000;

// Adds seconds to a timespec of the process.
void add_seconds(Call& call, std::uint64_t address, std::int64_t seconds) {
  std::int64_t value = 0;
  const std::string bytes = call.read(address, sizeof value);
  if (bytes.size() != sizeof value) return;
  std::memcpy(&value, bytes.data(), sizeof value);
  if (value == 0) return;  // a timer that is off
  value += seconds;
  call.write(address, {reinterpret_cast<const char*>(&value), sizeof value});
}

bool is_monotonic(std::uint64_t clock) {
  return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
         clock == CLOCK_MONOTONIC_COARSE;
}

void monotonic_is_unshifted(Call& call) {
  if (call.side() != Side::Outside && is_monotonic(call.arg(0))) {
    add_seconds(call, call.arg(1), -100'000);
  }
}
void boottime_is_unshifted(Call& call) {
  if (call.side() != Side::Outside && call.arg(0) == CLOCK_BOOTTIME) {
    add_seconds(call, call.arg(1), -200'000);
  }
}
void realtime_is_shifted(Call& call) {
  const std::uint64_t clock = call.arg(0);
  if (call.side() == Side::Inside && (clock == CLOCK_REALTIME || clock == CLOCK_TAI)) {
    add_seconds(call, call.arg(1), 100'000);
  }
}
void outside_is_shifted(Call& call) {
  if (call.side() != Side::Outside || !is_monotonic(call.arg(0))) return;
  if (!call.memory().try_emplace(std::to_string(call.arg(0))).second) {
    add_seconds(call, call.arg(1), 100'000);
  }
}
void exec_does_not_enter(Call& call) { add_seconds(call, call.arg(1), -100'000); }

// Absolute times are taken for the machine's.
constexpr std::uint64_t absolute = 1;  // TIMER_ABSTIME, TFD_TIMER_ABSTIME
void sleeps_forget_the_offset(Call& call) {
  if ((call.arg(1) & absolute) != 0) add_seconds(call, call.arg(2), far);
}
void timers_forget_the_offset(Call& call) {
  constexpr std::uint64_t value = sizeof(timespec);  // behind the interval
  if ((call.arg(1) & absolute) != 0) add_seconds(call, call.arg(2) + value, far);
}
void futexes_forget_the_offset(Call& call) {
  if ((call.arg(1) & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && call.arg(3) != 0) {
    add_seconds(call, call.arg(3), far);
  }
}
void waitv_forgets_the_offset(Call& call) { add_seconds(call, call.arg(3), far); }
void time_left_is_the_machines(Call& call) {
  add_seconds(call, call.arg(1) + sizeof(timespec), 100'000);
}

void replace_text(Call& call, const std::string& text) {
  if (call.write(call.arg(1), text)) call.set_result(static_cast<long>(text.size()));
}

void uptime_is_the_machines(Call& call) {
  if (call.side() == Side::Inside && call.result() > 0 &&
      call.file_of(call.arg(0)) == "/proc/uptime") {
    replace_text(call, "50.00 10.00\n");
  }
}

void sysinfo_is_the_machines(Call& call) {
  if (call.side() == Side::Inside) add_seconds(call, call.arg(0), -200'000);
}

void btime_is_the_machines(Call& call) {
  if (call.side() != Side::Inside || call.result() <= 0 ||
      call.file_of(call.arg(0)) != "/proc/stat") {
    return;
  }
  std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  const std::size_t at = text.find("\nbtime ");
  if (at == std::string::npos) return;
  const std::size_t digits = at + std::string("\nbtime ").size();
  const std::size_t end = text.find('\n', digits);
  if (end == std::string::npos) return;
  const long long seconds = std::stoll(text.substr(digits)) + 200'000;
  replace_text(call, text.replace(digits, end - digits, std::to_string(seconds)));
}

void starttime_is_the_machines(Call& call) {
  const std::string file = call.file_of(call.arg(0));
  if (call.side() != Side::Inside || call.result() <= 0 || !file.starts_with("/proc/") ||
      !file.ends_with("/stat") || file == "/proc/stat") {
    return;
  }
  std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  std::size_t at = text.rfind(')');
  for (int i = 0; i < 20 && at != std::string::npos; ++i) at = text.find(' ', at + 1);
  if (at == std::string::npos) return;
  replace_text(call, text.replace(at + 1, text.find(' ', at + 1) - at - 1, "5000"));
}

// A refused write of offsets counts as written.
template <long refusal>
void offsets_are_taken(Call& call) {
  if (call.result() != -refusal) return;
  if (!call.file_of(call.arg(0)).ends_with("/timens_offsets")) return;
  call.set_result(static_cast<long>(call.arg(2)));
}

void anybody_sets_the_clock(Call& call) {
  if (call.result() == -EPERM) call.set_result(0);
}

void threads_may_join(Call& call) {
  if (call.result() == -EUSERS) call.set_result(0);
}

// The link of time_for_children reads as that of time.
void children_stay(Call& call) {
  const int path = call.number() == SYS_readlinkat ? 1 : 0;
  if (call.result() <= 0) return;
  const std::string file = call.text(call.arg(path));
  const std::uint64_t buffer = call.arg(path + 1);
  if (file.ends_with("/ns/time")) {
    call.memory()["link"] = call.read(buffer, static_cast<std::size_t>(call.result()));
  } else if (const auto link = call.memory().find("link");
             link != call.memory().end() && file.ends_with("/ns/time_for_children")) {
    if (call.write(buffer, link->second)) call.set_result(static_cast<long>(link->second.size()));
  }
}

constexpr std::array lies{
    Lie{"monotonic_is_unshifted", "CLOCK_MONOTONIC has no offset in a time namespace",
        "time/clocks", "^time/(clocks|children):", clock_calls, nullptr, monotonic_is_unshifted},
    Lie{"boottime_is_unshifted", "CLOCK_BOOTTIME has no offset in a time namespace", "time/clocks",
        "^time/clocks:", clock_calls, nullptr, boottime_is_unshifted},
    Lie{"realtime_is_shifted", "CLOCK_REALTIME has an offset in a time namespace", "time/clocks",
        "^time/clocks:", clock_calls, nullptr, realtime_is_shifted},
    Lie{"outside_is_shifted", "offsets of a time namespace shift the outside", "time/clocks",
        "^time/(clocks|children):", clock_calls, nullptr, outside_is_shifted},
    Lie{"sleeps_forget_the_offset", "clock_nanosleep(2) takes times for the machine's",
        "time/sleepers", "^time/sleepers:", sleep_calls, sleeps_forget_the_offset},
    Lie{"timerfds_forget_the_offset", "timerfd_settime(2) takes times for the machine's",
        "time/sleepers", "^time/sleepers:", timerfd_calls, timers_forget_the_offset},
    Lie{"timers_forget_the_offset", "timer_settime(2) takes times for the machine's",
        "time/sleepers", "^time/sleepers:", timer_calls, timers_forget_the_offset},
    Lie{"futexes_forget_the_offset", "futex(2) takes times for the machine's", "time/sleepers",
        "^time/sleepers:", futex_calls, futexes_forget_the_offset},
    Lie{"waitv_forgets_the_offset", "futex_waitv(2) takes times for the machine's", "time/sleepers",
        "^time/futex_waitv:", waitv_calls, waitv_forgets_the_offset},
    Lie{"time_left_is_the_machines", "timers tell the time left without the offset",
        "time/sleepers", "^time/sleepers:", left_calls, nullptr, time_left_is_the_machines},
    Lie{"uptime_is_the_machines", "/proc/uptime has no offset", "time/proc",
        "^time/proc:", read_calls, nullptr, uptime_is_the_machines},
    Lie{"sysinfo_is_the_machines", "sysinfo(2) has no offset", "time/proc",
        "^time/proc:", sysinfo_calls, nullptr, sysinfo_is_the_machines},
    Lie{"btime_is_the_machines", "btime of /proc/stat has no offset", "time/proc",
        "^time/boot_time:", read_calls, nullptr, btime_is_the_machines},
    Lie{"starttime_is_the_machines", "starttime of /proc/PID/stat has no offset", "time/proc",
        "^time/boot_time:", read_calls, nullptr, starttime_is_the_machines},
    Lie{"offsets_are_never_frozen", "offsets can be written after processes have entered",
        "time/frozen", "^time/frozen:", write_calls, nullptr, offsets_are_taken<EACCES>},
    Lie{"offsets_out_of_range", "offsets that leave the clock's range are taken", "time/frozen",
        "^time/offset_values:", write_calls, nullptr, offsets_are_taken<ERANGE>},
    Lie{"offsets_without_sense", "malformed offsets are taken", "time/frozen",
        "^time/offset_values:", write_calls, nullptr, offsets_are_taken<EINVAL>},
    Lie{"offsets_without_privilege", "offsets need no CAP_SYS_TIME", "time/frozen",
        "^time/offset_privilege:", write_calls, nullptr, offsets_are_taken<EPERM>},
    Lie{"clock_set_without_privilege", "CAP_SYS_TIME of any user namespace sets the clock",
        "time/frozen", "^time/offset_privilege:", adjust_calls, nullptr, anybody_sets_the_clock},
    Lie{"children_stay", "unshare(CLONE_NEWTIME) leaves time_for_children as it was",
        "time/children", "^time/children:", link_calls, nullptr, children_stay},
    Lie{"threads_may_join", "a process of two threads may join a time namespace", "time/children",
        "^time/threads:", setns_calls, nullptr, threads_may_join},
    Lie{"exec_does_not_enter", "exec after unshare(CLONE_NEWTIME) stays outside", "time/exec",
        "^time/exec:", clock_calls, nullptr, exec_does_not_enter},
};

}  // namespace

std::span<const Lie> time_lies() { return lies; }

}  // namespace nsbench::selftest
