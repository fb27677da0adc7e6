#include "bench/conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "probes/sandbox/files.h"
#include "reports/statistics.h"

namespace nsbench::bench {
namespace {

constexpr double steal_allowed = 0.01;
constexpr double others_allowed = 0.5;
constexpr double rate_change_allowed = 0.03;
constexpr double step_allowed = 0.01;    // seconds
constexpr double drift_allowed = 0.001;  // of the cycle counter against the raw clock

double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string small_text(const std::string& path) {
  const Result<std::string> text = read_small_file(path);
  return text ? trimmed(*text) : "";
}

std::optional<CpuTimes> look_at_stat() {
  const Result<std::string> text = read_small_file("/proc/stat");
  return text ? parse_stat(*text) : std::nullopt;
}

std::optional<bool> boost_allowed() {
  const std::string no_turbo = small_text("/sys/devices/system/cpu/intel_pstate/no_turbo");
  if (!no_turbo.empty()) return no_turbo == "0";
  const std::string boost = small_text("/sys/devices/system/cpu/cpufreq/boost");
  if (!boost.empty()) return boost == "1";
  return std::nullopt;
}

}  // namespace

std::optional<CpuTimes> parse_stat(std::string_view text) {
  // user nice system idle iowait irq softirq steal; guest time is in user's already.
  constexpr std::size_t fields = 8;
  constexpr std::size_t idle = 3, iowait = 4, steal = 7;
  CpuTimes times;
  std::istringstream lines{std::string(text)};
  bool known = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "procs_running") words >> times.running;
    if (name != "cpu") continue;
    std::uint64_t value = 0;
    std::size_t field = 0;
    for (; field < fields && words >> value; ++field) {
      times.total += value;
      if (field == steal) times.steal = value;
      if (field != idle && field != iowait && field != steal) times.busy += value;
    }
    known = field == fields;
  }
  return known ? std::optional(times) : std::nullopt;
}

Clocks Clocks::now(const Stopwatch& stopwatch) {
  Clocks clocks;
  clocks.realtime = seconds(CLOCK_REALTIME);
  clocks.monotonic = seconds(CLOCK_MONOTONIC);
  clocks.boottime = seconds(CLOCK_BOOTTIME);
  clocks.raw = seconds(CLOCK_MONOTONIC_RAW);
  if (stopwatch.uses_cycles()) clocks.cycles = stopwatch.ns(0, stopwatch.start()) * 1e-9;
  return clocks;
}

Frequency Frequency::look() {
  std::set<std::string> governors;
  constexpr int most_cpus = 4096;
  for (int cpu = 0; cpu < most_cpus; ++cpu) {
    const std::string governor =
        small_text(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu));
    if (governor.empty()) break;
    governors.insert(governor);
  }
  return {.governors = {governors.begin(), governors.end()}, .boost = boost_allowed()};
}

std::optional<Warning> about_steal(const CpuTimes& before, const CpuTimes& after) {
  if (after.total <= before.total || after.steal < before.steal) return std::nullopt;
  const double share = static_cast<double>(after.steal - before.steal) /
                       static_cast<double>(after.total - before.total);
  if (share <= steal_allowed) return std::nullopt;
  return Warning{"steal", fmt::format("the hypervisor took {:.1f} % of the CPU time away while the "
                                      "benchmarks ran: a noisy neighbour",
                                      share * 100)};
}

std::optional<Warning> about_load(std::span<const int> others) {
  if (others.empty()) return std::nullopt;
  const double mean = static_cast<double>(std::accumulate(others.begin(), others.end(), 0)) /
                      static_cast<double>(others.size());
  if (mean <= others_allowed) return std::nullopt;
  return Warning{"load", fmt::format("{:.1f} other processes wanted to run, on average, while the "
                                     "benchmarks did",
                                     mean)};
}

std::optional<Warning> about_clocks(const Clocks& before, const Clocks& after) {
  const auto change = [&](double Clocks::*one, double Clocks::*other) {
    return (after.*one - before.*one) - (after.*other - before.*other);
  };
  const double step = change(&Clocks::realtime, &Clocks::monotonic);
  if (std::abs(step) > step_allowed) {
    return Warning{"clock-step", fmt::format("the system's time of day was set by {:+.3f} s while "
                                             "the benchmarks ran",
                                             step)};
  }
  const double slept = change(&Clocks::boottime, &Clocks::monotonic);
  if (slept > step_allowed) {
    return Warning{"clock-step",
                   fmt::format("the machine slept {:.1f} s while the benchmarks ran", slept)};
  }
  const double span = after.raw - before.raw;
  if (before.cycles > 0 && span > 0) {
    const double drift = change(&Clocks::cycles, &Clocks::raw) / span;
    if (std::abs(drift) > drift_allowed) {
      return Warning{"clock-step", fmt::format("the cycle counter ran {:+.2f} % off "
                                               "CLOCK_MONOTONIC_RAW",
                                               drift * 100)};
    }
  }
  return std::nullopt;
}

std::optional<Warning> about_frequency(const Frequency& frequency) {
  std::vector<std::string> reasons;
  const bool scaled =
      std::any_of(frequency.governors.begin(), frequency.governors.end(),
                  [](const std::string& governor) { return governor != "performance"; });
  if (scaled) {
    reasons.push_back(
        fmt::format("CPUs run under the governor {}", fmt::join(frequency.governors, " and ")));
  }
  if (frequency.boost.value_or(false)) reasons.emplace_back("boost (turbo) is on");
  if (reasons.empty()) return std::nullopt;
  return Warning{"frequency", fmt::format("{}: how fast a CPU runs depends on its load and heat",
                                          fmt::join(reasons, "; "))};
}

std::optional<Warning> about_rate(std::vector<double> loop_ns) {
  constexpr std::size_t enough = 10;
  if (loop_ns.size() < enough) return std::nullopt;
  std::sort(loop_ns.begin(), loop_ns.end());
  const double fast = quantile(loop_ns, 0.05);
  const double slow = quantile(loop_ns, 0.95);
  if (!(fast > 0) || slow / fast - 1 <= rate_change_allowed) return std::nullopt;
  return Warning{"frequency", fmt::format("a fixed loop took {:.1f} % longer in some batches than "
                                          "in others: the CPU's rate changed",
                                          (slow / fast - 1) * 100)};
}

std::optional<Warning> about_samples(std::span<const Series> series) {
  constexpr std::size_t batches = 4;   // for a spread
  constexpr std::size_t timings = 40;  // four of them above p90
  constexpr std::size_t named = 3;
  std::vector<std::string> names;
  for (const Series& one : series) {
    if (!one.is_result() || one.unit != "ns") continue;
    if (one.batches.size() >= batches && statistics_of(one).timings >= timings) continue;
    names.push_back(one.id.str());
  }
  if (names.empty()) return std::nullopt;
  const std::size_t more = names.size() - std::min(names.size(), named);
  names.resize(names.size() - more);
  return Warning{"few-samples",
                 fmt::format("fewer than {} batches or {} timings, too few for p90 and the "
                             "spread: {}{}",
                             batches, timings, fmt::join(names, ", "),
                             more == 0 ? "" : fmt::format(" and {} more", more))};
}

double time_fixed_loop(const Stopwatch& stopwatch) {
  constexpr int tries = 5;
  constexpr int rounds = 20'000;
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    const Ticks started = stopwatch.start();
    // Each round waits for the one before: one addition a cycle, whatever else the core can do.
    std::uint64_t sum = 1;
    for (int round = 0; round < rounds; ++round) {
      ++sum;
      asm volatile("" : "+r"(sum));
    }
    const Ticks stopped = stopwatch.stop();
    const double ns = stopwatch.ns(started, stopped);
    best = i == 0 ? ns : std::min(best, ns);
  }
  return best;
}

Watch::Watch()
    : stopwatch_(Stopwatch::calibrate()), first_(look_at_stat()), clocks_(Clocks::now(stopwatch_)) {
  last_ = first_;
}

void Watch::look() {
  last_ = look_at_stat();
  constexpr int ours = 2;  // the one that reads, and the one that is measured
  if (last_) others_.push_back(std::max(0, last_->running - ours));
}

void Watch::finish(std::vector<Warning>& warnings) const {
  const auto add = [&warnings](std::optional<Warning> warning) {
    if (warning) warnings.push_back(*std::move(warning));
  };
  const std::optional<CpuTimes> now = look_at_stat();
  if (first_ && now) add(about_steal(*first_, *now));
  add(about_load(others_));
  add(about_clocks(clocks_, Clocks::now(stopwatch_)));
}

}  // namespace nsbench::bench
