// What makes times doubtful: looked up before and after, judged by pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/stopwatch.h"
#include "reports/report.h"

namespace nsbench::bench {

// CPU time of all CPUs since boot, in clock ticks (proc_stat(5)).
struct CpuTimes {
  std::uint64_t busy = 0;   // user and kernel work
  std::uint64_t steal = 0;  // the hypervisor ran somebody else
  std::uint64_t total = 0;
  int running = 0;  // processes that run or want to, now; the one that reads this among them

  friend bool operator==(const CpuTimes&, const CpuTimes&) = default;
};
// nullopt if `text` is not /proc/stat's.
std::optional<CpuTimes> parse_stat(std::string_view text);

// What clocks show at one moment, seconds.
struct Clocks {
  double realtime = 0;
  double monotonic = 0;
  double boottime = 0;  // as monotonic, but goes on while the machine sleeps
  double raw = 0;       // CLOCK_MONOTONIC_RAW
  double cycles = 0;  // the cycle counter, by the rate that a Stopwatch measured; 0: there is none

  static Clocks now(const Stopwatch& stopwatch);
};

struct Frequency {
  std::vector<std::string> governors;  // of all CPUs, each once
  std::optional<bool> boost;           // whether CPUs may go over their base frequency

  static Frequency look();
};

// Each answers nullopt if there is nothing to warn of.
std::optional<Warning> about_steal(const CpuTimes& before, const CpuTimes& after);
// `others`: how many other processes wanted to run, at moments of the session.
std::optional<Warning> about_load(std::span<const int> others);
std::optional<Warning> about_clocks(const Clocks& before, const Clocks& after);
std::optional<Warning> about_frequency(const Frequency& frequency);
// `loop_ns`: what one fixed loop took in each batch.
std::optional<Warning> about_rate(std::vector<double> loop_ns);
// Of series with fewer batches or timings than their percentiles need.
std::optional<Warning> about_samples(std::span<const Series> series);

// How long a fixed loop takes at best of a few times, ns; takes about 50 us.
double time_fixed_loop(const Stopwatch& stopwatch);

// Watches a session from outside.
class Watch {
 public:
  Watch();
  // Now and then.
  void look();
  // Adds what there is to warn of.
  void finish(std::vector<Warning>& warnings) const;

 private:
  Stopwatch stopwatch_;
  std::optional<CpuTimes> first_;
  std::optional<CpuTimes> last_;
  std::vector<int> others_;
  Clocks clocks_;
};

}  // namespace nsbench::bench
