// time: what waits for an absolute time waits for the namespace's. All times lie in the inside's
// past and in the outside's future: a kernel that forgets the offset would wait for half a day, and
// is interrupted.
#include <fmt/format.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "probes/helpers.h"
#include "probes/sandbox/fd.h"
#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr Offsets ahead{100'000, 200'000};
constexpr std::int64_t in_between = 50'000;  // seconds from the outside's now: past inside
constexpr std::int64_t later = 1'000'000;    // in everybody's future
constexpr int patience_ms = 10;              // for a timer that should have expired long ago

struct Clock {
  clockid_t id;
  const char* name;
  std::int64_t ahead;
};
constexpr std::array clocks{Clock{CLOCK_MONOTONIC, "CLOCK_MONOTONIC", ahead.monotonic},
                            Clock{CLOCK_BOOTTIME, "CLOCK_BOOTTIME", ahead.boottime}};

std::string fact(std::string_view what, const Clock& clock) {
  return fmt::format("{} {}", what, clock.name);
}

// Interrupts system calls over and over, so that a wait that the kernel gets wrong ends with EINTR.
class Interruptions {
 public:
  Interruptions() {
    struct sigaction quiet {};
    quiet.sa_handler = [](int) {};  // without SA_RESTART
    ::sigaction(SIGALRM, &quiet, nullptr);
    set(5000);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  ~Interruptions() { set(0); }

 private:
  static void set(suseconds_t us) {
    const itimerval every{.it_interval = {0, us}, .it_value = {0, us}};
    ::setitimer(ITIMER_REAL, &every, nullptr);
  }
};

// A wait that ends at once could be hit by an interruption by chance, but not three times.
template <class Wait>
int patiently(Wait wait) {
  const Interruptions interruptions;
  int err = EINTR;
  for (int i = 0; i < 3 && err == EINTR; ++i) err = wait();
  return err;
}

timespec at(std::int64_t second) { return {.tv_sec = static_cast<time_t>(second), .tv_nsec = 0}; }

void try_nanosleep(Observation& seen, const Clock& clock, std::int64_t when) {
  const timespec until = at(when);
  seen.result(fact("clock_nanosleep", clock), patiently([&] {
                return ::clock_nanosleep(clock.id, TIMER_ABSTIME, &until, nullptr);
              }));
}

// Whether an absolute timerfd has expired, and in how many seconds it will.
void try_timerfd(Observation& seen, const std::string& name, clockid_t clock, std::int64_t when) {
  const Fd timer(::timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec until{.it_interval = {}, .it_value = at(when)};
  if (::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &until, nullptr) != 0) return;
  pollfd expired{.fd = timer.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&expired, 1, patience_ms);
  itimerspec left{};
  ::timerfd_gettime(timer.get(), &left);
  seen.text(name, ready == 1 ? "expired" : "waits");
  seen.number(name + " left", left.it_value.tv_sec);
}

// The same with a timer that sends a signal, which stays blocked.
void try_timer(Observation& seen, const std::string& name, clockid_t clock, std::int64_t when) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_t timer{};
  if (::timer_create(clock, &event, &timer) != 0) return;
  const itimerspec until{.it_interval = {}, .it_value = at(when)};
  if (::timer_settime(timer, TIMER_ABSTIME, &until, nullptr) == 0) {
    const timespec patience{.tv_sec = 0, .tv_nsec = patience_ms * 1'000'000L};
    const int signal = ::sigtimedwait(&signals, nullptr, &patience);
    itimerspec left{};
    ::timer_gettime(timer, &left);
    seen.text(name, signal == SIGUSR1 ? "expired" : "waits");
    seen.number(name + " left", left.it_value.tv_sec);
  }
  ::timer_delete(timer);
}

// Waits on a word that nobody wakes. FUTEX_WAIT_BITSET takes an absolute time (futex(2)).
int futex_wait(std::int64_t when) {
  const timespec until = at(when);
  int word = 0;
  const long ended = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, nullptr,
                               FUTEX_BITSET_MATCH_ANY);
  return ended == 0 ? 0 : errno;
}

std::int64_t now_outside(const Scene& scene, const Clock& clock) {
  return scene.saw("outside prepares").number_of(clock.name) / 1000;
}

void prepare(Scene& scene) {
  for (const Clock& clock : clocks) scene.seen.number(clock.name, clock_ms(clock.id));
  scene.seen.number("CLOCK_REALTIME", clock_ms(CLOCK_REALTIME));
  offset_children(scene, ahead);
}

void wait_in_every_way(Scene& scene) {
  const std::int64_t real = scene.saw("outside prepares").number_of("CLOCK_REALTIME") / 1000;
  in_child(scene, [&](Observation& seen) {
    for (const Clock& clock : clocks) {
      const std::int64_t now = now_outside(scene, clock);
      try_nanosleep(seen, clock, now + in_between);
      try_timerfd(seen, fact("timerfd", clock), clock.id, now + in_between);
      try_timer(seen, fact("timer", clock), clock.id, now + in_between);
      try_timerfd(seen, fact("far timerfd", clock), clock.id, now + later);
      try_timer(seen, fact("far timer", clock), clock.id, now + later);
    }
    const std::int64_t now = now_outside(scene, clocks[0]);
    seen.result("futex", patiently([now] { return futex_wait(now + in_between); }));
    try_timerfd(seen, "real timerfd", CLOCK_REALTIME, real + in_between);
    const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
    seen.result("relative sleep", ::clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr));
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", prepare},
    Act{Side::Inside, "inside waits", wait_in_every_way},
};

// How long a timer that is far off says to wait: less by the offset.
void judge_left(Judgement& j, const Observation& seen, const std::string& name,
                std::int64_t expected) {
  const std::int64_t left = seen.number_of(name + " left");
  j.isolated(name + ": the time left is the namespace's", fmt::format("about {} s", expected),
             left < 0 ? "(not seen)" : fmt::format("{} s", left),
             left > expected - 60 && left <= expected + 1);
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside waits");
  for (const Clock& clock : clocks) {
    j.isolated_errno(fact("clock_nanosleep", clock) + " to a past time returns at once", 0,
                     seen.errno_of(fact("clock_nanosleep", clock)));
    for (const char* kind : {"timerfd", "timer"}) {
      const std::string far = fact(fmt::format("far {}", kind), clock);
      j.isolated_equal(fact(kind, clock) + " to a past time expires at once", "expired",
                       seen.text_of(fact(kind, clock)));
      j.rule_equal(far + " waits for a time in the future", "waits", seen.text_of(far));
      judge_left(j, seen, far, later - clock.ahead);
    }
  }
  j.isolated_errno("a futex wait to a past time ends at once", ETIMEDOUT, seen.errno_of("futex"));
  j.rule_equal("a timerfd of CLOCK_REALTIME waits", "waits", seen.text_of("real timerfd"));
  const std::int64_t left = seen.number_of("real timerfd left");
  j.rule("and for a time without offset", fmt::format("about {} s", in_between),
         left < 0 ? "(not seen)" : fmt::format("{} s", left),
         left > in_between - 60 && left <= in_between + 1);
  j.works_errno("a relative sleep needs no offset", seen.errno_of("relative sleep"));
  return j;
}

namespace waitv {

// futex_waitv(2) as linux/futex.h has it since 5.16.
#ifdef SYS_futex_waitv
constexpr long number = SYS_futex_waitv;
#else
constexpr long number = 449;  // the same on every architecture
#endif
struct Waiter {
  std::uint64_t value = 0;
  std::uint64_t address = 0;
  std::uint32_t flags = 2 | 128;  // a word of 32 bits, private
  std::uint32_t reserved = 0;
};

int wait_until(std::int64_t when) {
  const struct {
    std::int64_t seconds;
    std::int64_t nanoseconds;
  } until{when, 0};
  std::uint32_t word = 0;
  Waiter waiter;
  waiter.address = reinterpret_cast<std::uintptr_t>(&word);
  return ::syscall(number, &waiter, 1, 0, &until, CLOCK_MONOTONIC) >= 0 ? 0 : errno;
}

void wait(Scene& scene) {
  const std::int64_t now = now_outside(scene, clocks[0]);
  in_child(scene, [now](Observation& seen) {
    seen.result("past even outside", patiently([] { return wait_until(0); }));
    seen.result("futex_waitv", patiently([now] { return wait_until(now + in_between); }));
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", prepare},
    Act{Side::Inside, "inside waits", wait},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside waits");
  const int past = seen.errno_of("past even outside");
  j.works("futex_waitv ends at once where the time is past for all", errno_name(ETIMEDOUT),
          past < 0 ? "(not seen)" : errno_name(past), past == ETIMEDOUT);
  j.isolated_errno("futex_waitv to a past time ends at once", ETIMEDOUT,
                   seen.errno_of("futex_waitv"));
  return j;
}

}  // namespace waitv

}  // namespace

constinit const Probe sleepers{
    .family = "time",
    .name = "sleepers",
    .sentence = "sleeps, timers and futex waits until an absolute time end at the namespace's time",
    .source =
        "time_namespaces(7), clock_nanosleep(2), timer_settime(2), timerfd_create(2), "
        "futex(2); include/linux/time_namespace.h timens_ktime_to_host()",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Programs read a clock, add to it, and sleep until then: event loops, condition "
        "variables, databases. Each system call translates the time by itself.",
    .failure = "A program inside sleeps for days, or not at all and spins.",
    .by_hand =
        "# as root: now plus one second, slept for absolutely\n"
        "time unshare --time --monotonic 100000 perl -MTime::HiRes=:DEFAULT,clock_gettime,"
        "clock_nanosleep,CLOCK_MONOTONIC,TIMER_ABSTIME -e '\n"
        "  clock_nanosleep(CLOCK_MONOTONIC, (clock_gettime(CLOCK_MONOTONIC)+1)*1e9, "
        "TIMER_ABSTIME)'   # 1 s",
    .waits = true,
};

constinit const Probe futex_waitv{
    .family = "time",
    .name = "futex_waitv",
    .sentence = "futex_waitv(2) until an absolute time ends at the namespace's time",
    .source = "time_namespaces(7); kernel/futex/syscalls.c futex2_setup_timeout()",
    .first_kernel = "5.16",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = waitv::acts,
    .judge = waitv::judge,
    .why =
        "Wine and Proton wait with it. It came years after time namespaces and needs their "
        "translation like all other waits.",
    .failure = "A program inside waits for days, or not at all and spins.",
    .by_hand =
        "# no shell command makes this call; the other waits behave alike:\n"
        "time unshare --map-root-user --time --monotonic 100000 sleep 1",
};

}  // namespace nsbench::probes
