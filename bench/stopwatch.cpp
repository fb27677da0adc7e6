#include "bench/stopwatch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "probes/sandbox/files.h"

namespace nsbench::bench {
namespace {

bool counter_is_invariant() {
#if defined(__aarch64__)
  return true;  // the generic timer's, by the architecture
#else
  const Result<std::string> cpuinfo = read_small_file("/proc/cpuinfo");
  return cpuinfo && promises_invariant_tsc(cpuinfo->c_str());
#endif
}

}  // namespace

bool promises_invariant_tsc(const char* cpuinfo) {
  std::istringstream flags(field_of(cpuinfo, "flags\t\t"));
  bool constant = false;
  bool nonstop = false;
  for (std::string flag; flags >> flag;) {
    constant = constant || flag == "constant_tsc";
    nonstop = nonstop || flag == "nonstop_tsc";
  }
  return constant && nonstop;
}

Stopwatch Stopwatch::calibrate() { return calibrate(has_cycle_counter && counter_is_invariant()); }

Stopwatch Stopwatch::calibrate(bool use_cycles) {
  Stopwatch stopwatch;
  stopwatch.use_cycles_ = use_cycles && has_cycle_counter;
  if (stopwatch.use_cycles_) stopwatch.ns_per_tick_ = measure_rate();
  stopwatch.cost_ = stopwatch.measure_cost();
  stopwatch.step_ = stopwatch.measure_step();
  return stopwatch;
}

double Stopwatch::measure_rate() {
  struct Both {
    Ticks ticks = 0;
    Ticks ns = 0;
  };
  // The counter halfway through the quickest of a few reads of the clock: a read that was
  // interrupted is never the quickest.
  const auto read_both = [] {
    Both best;
    Ticks quickest = std::numeric_limits<Ticks>::max();
    for (int i = 0; i < 16; ++i) {
      const Ticks before = cycles_before();
      const Ticks ns = raw_ns();
      const Ticks after = cycles_after();
      if (after - before >= quickest) continue;
      quickest = after - before;
      best = {.ticks = before + quickest / 2, .ns = ns};
    }
    return best;
  };
  const Both first = read_both();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Both second = read_both();
  if (second.ticks <= first.ticks) return 1;
  return static_cast<double>(second.ns - first.ns) /
         static_cast<double>(second.ticks - first.ticks);
}

// The mean of all but the slowest, which were interrupted: it says more than the clock's steps, as
// a median would not.
double Stopwatch::measure_cost() const {
  std::array<Ticks, 4001> costs{};
  for (Ticks& cost : costs) {
    const Ticks started = start();
    const Ticks stopped = stop();
    cost = stopped > started ? stopped - started : 0;
  }
  std::sort(costs.begin(), costs.end());
  constexpr std::size_t kept = costs.size() * 9 / 10;
  return static_cast<double>(std::accumulate(costs.begin(), costs.begin() + kept, Ticks{0})) / kept;
}

double Stopwatch::measure_step() const {
  std::vector<Ticks> apart(4000);
  Ticks last = start();
  for (Ticks& ticks : apart) {
    const Ticks now = start();
    ticks = now - last;
    last = now;
  }
  return static_cast<double>(step_between(std::move(apart)));
}

Ticks step_between(std::vector<Ticks> apart) {
  std::sort(apart.begin(), apart.end());
  std::vector<Ticks> common;
  for (auto first = apart.begin(); first != apart.end();) {
    const auto end = std::upper_bound(first, apart.end(), *first);
    if (static_cast<std::size_t>(end - first) * 50 >= apart.size()) common.push_back(*first);
    first = end;
  }
  Ticks step = 0;
  for (std::size_t i = 1; i < common.size(); ++i) {
    const Ticks gap = common[i] - common[i - 1];
    step = step == 0 ? gap : std::min(step, gap);
  }
  return std::max<Ticks>(step, 1);
}

}  // namespace nsbench::bench
