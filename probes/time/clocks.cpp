// time: which clocks a time namespace shifts, and which it leaves.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

// Far apart, so that no clock can be taken for another.
constexpr Offsets inside_ahead{100'000, 200'000};
constexpr Offsets sibling_further{300'000, 500'000};

struct Clock {
  clockid_t id;
  const char* name;
  std::int64_t inside_ahead;
  std::int64_t sibling_ahead;
};
constexpr std::array shifted{
    Clock{CLOCK_MONOTONIC, "CLOCK_MONOTONIC", 100'000, 400'000},
    Clock{CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE", 100'000, 400'000},
    Clock{CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW", 100'000, 400'000},
    Clock{CLOCK_BOOTTIME, "CLOCK_BOOTTIME", 200'000, 700'000},
};
constexpr std::array unshifted{
    Clock{CLOCK_REALTIME, "CLOCK_REALTIME", 0, 0},
    Clock{CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE", 0, 0},
    Clock{CLOCK_TAI, "CLOCK_TAI", 0, 0},
};

std::string by_syscall(const Clock& clock) { return fmt::format("{} by syscall", clock.name); }

template <class Clocks>
void read(Observation& seen, const Clocks& clocks) {
  for (const Clock& clock : clocks) {
    seen.number(clock.name, clock_ms(clock.id));
    seen.number(by_syscall(clock), clock_ms_by_syscall(clock.id));
  }
}

void read_all(Observation& seen) {
  read(seen, shifted);
  read(seen, unshifted);
}

// What nsprobe shows: the offsets, since clocks move on while one looks.
void look(Observation& seen) {
  const Result<Offsets> offsets = offsets_of_children();
  seen.text(
      "timens_offsets of children",
      offsets ? fmt::format("monotonic {} s, boottime {} s", offsets->monotonic, offsets->boottime)
              : offsets.error().str());
}

void prepare(Scene& scene, const Offsets& ahead) {
  read_all(scene.seen);
  offset_children(scene, ahead);
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", [](Scene& s) { prepare(s, inside_ahead); }},
    Act{Side::Inside, "inside reads", [](Scene& s) { read_all(s.seen); }},
    Act{Side::Outside, "outside prepares for the sibling",
        [](Scene& s) { prepare(s, sibling_further); }},
    Act{Side::Sibling, "sibling reads", [](Scene& s) { read_all(s.seen); }},
    Act{Side::Inside, "inside reads again", [](Scene& s) { read_all(s.seen); }},
    Act{Side::Outside, "outside reads", [](Scene& s) { read_all(s.seen); }},
};

struct Reading {
  std::int64_t value;
  std::int64_t before;
  std::int64_t after;
};

// One clock as `act` read it, and as the outside did before and after.
Reading reading(const Transcript& t, std::string_view act, std::string_view clock) {
  return {t.at(act).number_of(clock), t.at("outside prepares").number_of(clock),
          t.at("outside reads").number_of(clock)};
}

void judge_shifted(Judgement& j, const Transcript& t, std::string_view act, std::string_view side,
                   std::string_view clock, std::int64_t ahead) {
  const Reading seen = reading(t, act, clock);
  j.isolated(fmt::format("{} shows the {}'s offset", clock, side), fmt::format("{} s ahead", ahead),
             ahead_text(seen.value, seen.before),
             is_ahead(seen.value, ahead, seen.before, seen.after));
}

void judge_unshifted(Judgement& j, const Transcript& t, std::string_view clock) {
  const Reading seen = reading(t, "inside reads", clock);
  j.rule(fmt::format("{} has no offset", clock), "0 s ahead", ahead_text(seen.value, seen.before),
         is_ahead(seen.value, 0, seen.before, seen.after));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  for (const Clock& clock : shifted) {
    for (const std::string& name : {std::string(clock.name), by_syscall(clock)}) {
      judge_shifted(j, t, "inside reads", "inside", name, clock.inside_ahead);
      judge_shifted(j, t, "sibling reads", "sibling", name, clock.sibling_ahead);
      judge_shifted(j, t, "inside reads again", "inside (still)", name, clock.inside_ahead);
      const Reading outside = reading(t, "outside reads", name);
      j.rule(fmt::format("{} outside is as it was", name), "it went on by less than a minute",
             ahead_text(outside.value, outside.before),
             outside.before >= 0 && outside.value >= outside.before &&
                 outside.value < outside.before + 60'000);
    }
  }
  for (const Clock& clock : unshifted) {
    judge_unshifted(j, t, clock.name);
    judge_unshifted(j, t, by_syscall(clock));
  }
  return j;
}

namespace alarm {

// Clocks that wake a suspended machine: they need a clock that runs meanwhile.
constexpr std::array clocks{
    Clock{CLOCK_BOOTTIME_ALARM, "CLOCK_BOOTTIME_ALARM", 200'000, 0},
    Clock{CLOCK_REALTIME_ALARM, "CLOCK_REALTIME_ALARM", 0, 0},
};

void prepare(Scene& scene) {
  timespec now{};
  std::error_code ignored;
  const std::filesystem::path devices("/sys/class/rtc");
  if (::clock_gettime(CLOCK_BOOTTIME_ALARM, &now) != 0 && errno == EINVAL &&
      (!std::filesystem::exists(devices, ignored) || std::filesystem::is_empty(devices, ignored))) {
    return scene.skip(SkipReason::NoFeature, "there is no real-time clock in /sys/class/rtc");
  }
  read(scene.seen, clocks);
  offset_children(scene, inside_ahead);
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", prepare},
    Act{Side::Inside, "inside reads", [](Scene& s) { read(s.seen, clocks); }},
    Act{Side::Outside, "outside reads", [](Scene& s) { read(s.seen, clocks); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  judge_shifted(j, t, "inside reads", "inside", clocks[0].name, clocks[0].inside_ahead);
  judge_unshifted(j, t, clocks[1].name);
  return j;
}

}  // namespace alarm

constexpr std::string_view by_hand =
    "# as root\n"
    "cat /proc/uptime\n"
    "unshare --time --monotonic 100000 --boottime 200000 cat /proc/uptime   # 200000 s more\n"
    "unshare --time --monotonic 100000 python3 -c 'import time; print(time.monotonic())'\n"
    "python3 -c 'import time; print(time.monotonic())'";

}  // namespace

constinit const Probe clocks{
    .family = "time",
    .name = "clocks",
    .sentence = "the monotonic and boot-time clocks show the namespace's offsets, and no others do",
    .source = "time_namespaces(7), clock_getres(2); kernel/time/posix-timers.c, lib/vdso/",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "Checkpoint and restore (CRIU) moves programs to machines with another uptime: their "
        "clocks must not jump. The vDSO answers without a system call, from a page that each "
        "namespace has of its own.",
    .failure =
        "A restored program's clock jumps, or its two ways of asking disagree; or somebody "
        "inside shifts the clocks of the machine.",
    .by_hand = by_hand,
};

constinit const Probe alarm_clock{
    .family = "time",
    .name = "alarm_clock",
    .sentence = "CLOCK_BOOTTIME_ALARM shows the namespace's offset, and CLOCK_REALTIME_ALARM none",
    .source = "time_namespaces(7); kernel/time/alarmtimer.c alarm_bases[]",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = alarm::acts,
    .judge = alarm::judge,
    .why = "The alarm clocks have a table of their own, apart from the other clocks'.",
    .failure = "A program's alarm clock and its boot-time clock disagree.",
    .by_hand =
        "# as root, on a machine with a real-time clock\n"
        "for ahead in 0 200000; do\n"
        "  unshare --time --boottime $ahead python3 -c 'import time\n"
        "print(time.clock_gettime(9), time.clock_gettime(7))'\n"
        "done",
};

}  // namespace nsbench::probes
