// time: what /proc and sysinfo(2) say about time agrees with the namespace's clocks.
#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

// Of different size, so that a file that follows the wrong clock is noticed.
constexpr Offsets ahead{100'000, 200'000};

std::int64_t uptime_ms() {
  const Result<std::string> text = read_small_file("/proc/uptime");
  return text ? parse_uptime_ms(*text).value_or(-1) : -1;
}

std::int64_t sysinfo_ms() {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? static_cast<std::int64_t>(info.uptime) * 1000 : -1;
}

void read_uptime(Observation& seen) {
  seen.number("/proc/uptime", uptime_ms());
  seen.number("sysinfo", sysinfo_ms());
}

void prepare_uptime(Scene& scene) {
  read_uptime(scene.seen);
  offset_children(scene, ahead);
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", prepare_uptime},
    Act{Side::Inside, "inside reads", [](Scene& s) { read_uptime(s.seen); }},
    Act{Side::Outside, "outside reads", [](Scene& s) { read_uptime(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& before = t.at("outside prepares");
  const Observation& inside = t.at("inside reads");
  const Observation& after = t.at("outside reads");
  for (const char* source : {"/proc/uptime", "sysinfo"}) {
    const std::int64_t value = inside.number_of(source);
    const std::int64_t start = before.number_of(source);
    j.isolated(fmt::format("{} counts from the namespace's boot", source),
               fmt::format("{} s ahead", ahead.boottime), ahead_text(value, start),
               is_ahead(value, ahead.boottime, start, after.number_of(source)));
    j.rule(
        fmt::format("{} outside is as it was", source), "it went on by less than a minute",
        ahead_text(after.number_of(source), start),
        start >= 0 && after.number_of(source) >= start && after.number_of(source) < start + 60'000);
  }
  return j;
}

namespace boot {

std::int64_t btime() {
  const Result<std::string> text = read_small_file("/proc/stat");
  return text ? parse_btime(*text).value_or(-1) : -1;
}

std::int64_t starttime(const std::string& pid) {
  const Result<std::string> text = read_small_file(fmt::format("/proc/{}/stat", pid));
  return text ? parse_starttime(*text).value_or(-1) : -1;
}

void prepare(Scene& scene) {
  scene.seen.number("btime", btime());
  offset_children(scene, ahead);
}

void read_inside(Scene& scene) {
  scene.seen.number("btime", btime());
  scene.seen.number("starttime", starttime("self"));
}

void read_outside(Scene& scene) {
  scene.seen.number("btime", btime());
  scene.seen.number("ticks a second", ::sysconf(_SC_CLK_TCK));
  scene.seen.number("starttime", starttime(std::to_string(scene.inside_pid())));
}

constexpr std::array acts{
    Act{Side::Outside, "outside prepares", prepare},
    Act{Side::Inside, "inside reads", read_inside},
    Act{Side::Outside, "outside reads", read_outside},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside reads");
  const Observation& outside = t.at("outside reads");
  const std::int64_t later = inside.number_of("btime");
  const std::int64_t first = outside.number_of("btime");
  // CLOCK_REALTIME may be stepped while this runs: a minute's slack.
  const auto near = [](std::int64_t a, std::int64_t b) { return a - b <= 60 && b - a <= 60; };
  j.isolated("btime of /proc/stat is the namespace's boot",
             fmt::format("{} s earlier", ahead.boottime),
             later < 0 || first < 0 ? "(not seen)" : fmt::format("{} s earlier", first - later),
             later >= 0 && first >= 0 && near(first - later, ahead.boottime));
  j.rule("btime outside is as it was",
         fmt::format("{}", t.at("outside prepares").number_of("btime")), fmt::format("{}", first),
         first >= 0 && near(first, t.at("outside prepares").number_of("btime")));
  const std::int64_t ticks = outside.number_of("ticks a second");
  const std::int64_t own = inside.number_of("starttime");
  const std::int64_t seen_outside = outside.number_of("starttime");
  j.works("the process's start is seen outside", "a time", fmt::format("{}", seen_outside),
          seen_outside > 0);
  j.isolated("starttime of /proc/PID/stat is the reader's namespace's time",
             fmt::format("{} s later", ahead.boottime),
             ticks <= 0 ? "(not seen)" : fmt::format("{} s later", (own - seen_outside) / ticks),
             ticks > 0 && own - seen_outside == ahead.boottime * ticks);
  return j;
}

}  // namespace boot

}  // namespace

constinit const Probe proc{
    .family = "time",
    .name = "proc",
    .sentence = "/proc/uptime and sysinfo(2) count from the namespace's boot",
    .source = "time_namespaces(7), sysinfo(2); fs/proc/uptime.c, kernel/sys.c do_sysinfo()",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = "uptime(1), monitoring and schedulers read these, and compare them with the clocks.",
    .failure =
        "Programs inside compute ages and idle times that are days off, or learn the host's "
        "uptime.",
    .by_hand =
        "# as root\n"
        "uptime\n"
        "unshare --time --boottime 200000 uptime   # 2 days and 7 hours more",
};

constinit const Probe boot_time{
    .family = "time",
    .name = "boot_time",
    .sentence = "btime and every process's start time are those of the reader's namespace",
    .source = "proc(5); fs/proc/stat.c show_stat(), fs/proc/array.c do_task_stat()",
    .first_kernel = "5.11",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = boot::acts,
    .judge = boot::judge,
    .why =
        "ps(1) adds a process's start time to the boot time. From 5.6 to 5.10 neither had the "
        "offset, while /proc/uptime had, and programs started in the future.",
    .failure =
        "ps(1) inside shows start times that never were; tools that tell processes of the "
        "same number by their start time take one for another.",
    .by_hand =
        "# as root\n"
        "grep btime /proc/stat; cut -d' ' -f22 /proc/$$/stat\n"
        "unshare --time --boottime 200000 sh -c 'grep btime /proc/stat'   # 200000 less\n"
        "unshare --time --boottime 200000 cut -d' ' -f22 /proc/$$/stat   # 20000000 more",
};

}  // namespace nsbench::probes
