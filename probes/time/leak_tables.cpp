#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <string>

#include "probes/leak_table.h"
#include "probes/time/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value refused = Value::err(EPERM);
const Value invalid = Value::err(EINVAL);
const Value no_access = Value::err(EACCES);
const Value interrupted = Value::err(EINTR);

// SeenFact keeps views only: names that are put together here must outlive the tables.
std::string_view kept(std::string text) {
  static std::map<std::string, int> all;
  return all.try_emplace(std::move(text)).first->first;
}

// Milliseconds of a clock that was looked at fifty seconds after boot.
constexpr int start = 50'000;
constexpr int soon = 50'100;
constexpr int end = 50'200;

constexpr int ahead(int seconds) { return soon + seconds * 1000; }

void add_unshifted(LeakTable& table, std::string_view clock) {
  table.facts.emplace_back("outside prepares", clock, start);
  table.facts.emplace_back("inside reads", clock, soon);
  table.facts.emplace_back("outside reads", clock, end);
  table.further_leaks.emplace_back("inside reads", clock, soon, ahead(100'000));
}

LeakTable clocks_leaks() {
  LeakTable table{&clocks, {}, {}};
  for (const char* clock :
       {"CLOCK_MONOTONIC", "CLOCK_MONOTONIC_COARSE", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME"}) {
    const bool boot = std::string_view(clock) == "CLOCK_BOOTTIME";
    const Value inside = ahead(boot ? 200'000 : 100'000);
    const Value sibling = ahead(boot ? 700'000 : 400'000);
    for (const std::string_view name :
         {std::string_view(clock), kept(fmt::format("{} by syscall", clock))}) {
      table.facts.emplace_back("outside prepares", name, start);
      table.facts.emplace_back("inside reads", name, inside, soon);
      table.facts.emplace_back("sibling reads", name, sibling, soon);
      table.facts.emplace_back("inside reads again", name, inside, soon);
      table.facts.emplace_back("outside reads", name, end);
      // The sibling's offset is not the inside's, nor the outside's own.
      table.further_leaks.emplace_back("inside reads again", name, inside, sibling);
      table.further_leaks.emplace_back("outside reads", name, end, inside);
    }
  }
  for (const char* clock : {"CLOCK_REALTIME", "CLOCK_REALTIME_COARSE", "CLOCK_TAI"}) {
    add_unshifted(table, clock);
    add_unshifted(table, kept(fmt::format("{} by syscall", clock)));
  }
  return table;
}

LeakTable alarm_clock_leaks() {
  LeakTable table{&alarm_clock,
                  {{"outside prepares", "CLOCK_BOOTTIME_ALARM", start},
                   {"inside reads", "CLOCK_BOOTTIME_ALARM", ahead(200'000), soon},
                   {"outside reads", "CLOCK_BOOTTIME_ALARM", end}},
                  {}};
  add_unshifted(table, "CLOCK_REALTIME_ALARM");
  return table;
}

LeakTable sleepers_leaks() {
  constexpr std::string_view act = "inside waits";
  LeakTable table{
      &sleepers,
      {{act, "futex", Value::err(ETIMEDOUT), interrupted},
       {act, "real timerfd", "waits"},
       {act, "real timerfd left", 49'999},
       {act, "relative sleep", ok}},
      {{act, "real timerfd", "waits", "expired"}, {act, "real timerfd left", 49'999, 149'999}}};
  for (const char* clock : {"CLOCK_MONOTONIC", "CLOCK_BOOTTIME"}) {
    const int offset = std::string_view(clock) == "CLOCK_BOOTTIME" ? 200'000 : 100'000;
    table.facts.emplace_back(act, kept(fmt::format("clock_nanosleep {}", clock)), ok, interrupted);
    for (const char* kind : {"timerfd", "timer"}) {
      const std::string far = fmt::format("far {} {}", kind, clock);
      table.facts.emplace_back(act, kept(fmt::format("{} {}", kind, clock)), "expired", "waits");
      table.facts.emplace_back(act, kept(far), "waits");
      table.facts.emplace_back(act, kept(far + " left"), 1'000'000 - offset, 1'000'000);
      table.further_leaks.emplace_back(act, kept(far), "waits", "expired");
    }
  }
  return table;
}

LeakTable futex_waitv_leaks() {
  const Value timed_out = Value::err(ETIMEDOUT);
  return {&futex_waitv,
          {{"inside waits", "past even outside", timed_out},
           {"inside waits", "futex_waitv", timed_out, interrupted}},
          {}};
}

LeakTable proc_leaks() {
  LeakTable table{&proc, {}, {}};
  for (const char* source : {"/proc/uptime", "sysinfo"}) {
    table.facts.emplace_back("outside prepares", source, start);
    table.facts.emplace_back("inside reads", source, ahead(200'000), soon);
    table.facts.emplace_back("outside reads", source, end);
    // The other clock's offset.
    table.further_leaks.emplace_back("inside reads", source, ahead(200'000), ahead(100'000));
    table.further_leaks.emplace_back("outside reads", source, end, ahead(200'000));
  }
  return table;
}

LeakTable boot_time_leaks() {
  constexpr int booted = 1'700'000'000;
  return {&boot_time,
          {{"outside prepares", "btime", booted},
           {"inside reads", "btime", booted - 200'000, booted},
           {"outside reads", "btime", booted},
           {"outside reads", "ticks a second", 100},
           {"inside reads", "starttime", 5'000 + 20'000'000, 5'000},
           {"outside reads", "starttime", 5'000}},
          {{"inside reads", "starttime", 5'000 + 20'000'000, 5'000 + 10'000'000},
           {"outside prepares", "btime", booted, booted - 200'000}}};
}

LeakTable frozen_leaks() {
  constexpr std::string_view act = "offsets are written";
  constexpr std::string_view cloned = "after clone3";
  return {&frozen,
          {{act, "unshare", ok},
           {act, "before", ok},
           {act, "before, again", ok},
           {act, "before, by clock number", ok},
           {act, "read back", "3000 4000"},
           {act, "fork", ok},
           {act, "in an inhabited namespace", no_access, ok},
           {act, "after a child", no_access, ok},
           {act, "afterwards", "3000 4000", "5000 4000"},
           {act, "before setns", ok},
           {act, "setns", ok},
           {act, "after setns", no_access, ok},
           {cloned, "clone3", ok},
           {cloned, "after clone3", no_access, ok}},
          {}};
}

LeakTable offset_values_leaks() {
  constexpr std::string_view act = "offsets are tried";
  LeakTable table{&offset_values,
                  {{act, "unshare", ok},
                   {act, "first", ok},
                   {act, "afterwards", "11 12", "1 12"},
                   {act, "the greatest nanoseconds", ok},
                   {act, "140 years", ok},
                   {act, "spaces between the fields", ok},
                   {act, "a negative offset", ok}},
                  {}};
  for (const char* name :
       {"a clock without offset", "the number of such a clock", "a clock unheard of",
        "a record cut short", "no number", "a thousand million nanoseconds"}) {
    table.facts.emplace_back(act, name, invalid, ok);
  }
  for (const char* name : {"a clock before zero", "a boot-time clock before zero",
                           "a clock over its bound", "a boot-time clock over its bound"}) {
    table.facts.emplace_back(act, name, Value::err(ERANGE), ok);
  }
  return table;
}

LeakTable offset_privilege_leaks() {
  constexpr std::string_view act = "offsets are written";
  return {&offset_privilege,
          {{act, "with CAP_SYS_TIME", ok},
           {act, "give up", ok},
           {act, "without CAP_SYS_TIME", refused, ok},
           {act, "unshare user", ok},
           {act, "from below", refused, ok},
           {act, "below unshare time", ok},
           {act, "below write", ok},
           {act, "below read the tick", ok},
           {act, "below set the tick", refused, ok}},
          {}};
}

LeakTable children_leaks() {
  LeakTable table{&children,
                  {{"outside unshares", "time", "time:[1]"},
                   {"outside looks", "time", "time:[1]"},
                   {"outside looks", "time_for_children", "time:[2]", "time:[1]"},
                   {"a child looks", "time", "time:[2]", "time:[1]"},
                   {"a child looks", "time_for_children", "time:[2]", "time:[1]"}},
                  {{"outside looks", "time", "time:[1]", "time:[3]"},
                   {"a child looks", "time_for_children", "time:[2]", "time:[3]"}}};
  for (const char* clock : {"CLOCK_MONOTONIC", "CLOCK_MONOTONIC by syscall"}) {
    table.facts.emplace_back("outside unshares", clock, start);
    table.facts.emplace_back("outside looks", clock, soon);
    table.facts.emplace_back("a child looks", clock, ahead(100'000), soon);
    table.facts.emplace_back("inside looks", clock, ahead(100'000), soon);
    table.facts.emplace_back("a child of the inside looks", clock, ahead(100'000), soon);
    table.facts.emplace_back("outside looks again", clock, end);
    table.further_leaks.emplace_back("outside looks", clock, soon, ahead(100'000));
  }
  return table;
}

LeakTable threads_leaks() {
  constexpr std::string_view act = "setns is tried";
  constexpr std::string_view other = "a thread is tried";
  return {&time_threads,
          {{act, "thread", ok},
           {act, "setns with a thread", Value::err(EUSERS), ok},
           {act, "setns", ok},
           {act, "target", "time:[2]"},
           {act, "time", "time:[2]"},
           {act, "time_for_children", "time:[2]"},
           {other, "unshare", ok},
           {other, "time", "time:[1]"},
           {other, "thread after unshare", ok},
           {other, "thread's time", "time:[1]", "time:[2]"}},
          {{act, "time", "time:[2]", "time:[1]"}}};
}

LeakTable exec_leaks() {
  constexpr std::string_view act = "programs are executed";
  LeakTable table{&exec, {{act, "before", start}, {act, "after", end}}, {}};
  for (const char* way : {"exec", "vfork and exec"}) {
    table.facts.emplace_back(act, kept(fmt::format("{} ended", way)), "exited with 0");
    table.facts.emplace_back(act, way, ahead(100'000), soon);
  }
  return table;
}

}  // namespace

std::vector<LeakTable> time_leak_tables() {
  return {clocks_leaks(),   alarm_clock_leaks(), sleepers_leaks(),         futex_waitv_leaks(),
          proc_leaks(),     boot_time_leaks(),   frozen_leaks(),           offset_values_leaks(),
          children_leaks(), threads_leaks(),     offset_privilege_leaks(), exec_leaks()};
}

}  // namespace nsbench
