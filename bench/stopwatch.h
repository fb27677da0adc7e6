// The clock around a timed call: the CPU's cycle counter where it can be trusted, else
// CLOCK_MONOTONIC_RAW.
#pragma once

#include <cstdint>
#include <ctime>
#include <vector>

namespace nsbench::bench {

using Ticks = std::uint64_t;

// Reads of the counter that neither the work before nor the work after can slip past.
#if defined(__x86_64__)
inline constexpr bool has_cycle_counter = true;
inline Ticks cycles_before() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
  return (static_cast<Ticks>(high) << 32U) | low;
}
inline Ticks cycles_after() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
  return (static_cast<Ticks>(high) << 32U) | low;
}
#elif defined(__aarch64__)
inline constexpr bool has_cycle_counter = true;
inline Ticks cycles_before() {
  Ticks ticks = 0;
  asm volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
  return ticks;
}
inline Ticks cycles_after() { return cycles_before(); }
#else
inline constexpr bool has_cycle_counter = false;
inline Ticks cycles_before() { return 0; }
inline Ticks cycles_after() { return 0; }
#endif

class Stopwatch {
 public:
  // Chooses the clock and measures its rate and its own cost; takes about 20 ms. Call it on the CPU
  // that will be measured on.
  static Stopwatch calibrate();
  // `use_cycles` false: CLOCK_MONOTONIC_RAW, whatever the CPU has.
  static Stopwatch calibrate(bool use_cycles);

  [[nodiscard]] Ticks start() const { return use_cycles_ ? cycles_before() : raw_ns(); }
  [[nodiscard]] Ticks stop() const {
    if (spins_ != 0) [[unlikely]]
      spin(spins_);
    return use_cycles_ ? cycles_after() : raw_ns();
  }
  // Nanoseconds between the two, less what reading the clock costs; never below 0.
  [[nodiscard]] double ns(Ticks started, Ticks stopped) const {
    if (stopped <= started) return 0;
    const double ticks = static_cast<double>(stopped - started) - cost_;
    return ticks > 0 ? ticks * ns_per_tick_ : 0;
  }
  // The same clock with a slowdown on purpose: stop() first spins so many rounds, of about a cycle
  // each, which are not taken off (bench/plant.h).
  [[nodiscard]] Stopwatch planted(std::uint64_t rounds) const {
    Stopwatch slower = *this;
    slower.spins_ = rounds;
    return slower;
  }
  [[nodiscard]] std::uint64_t planted_rounds() const { return spins_; }
  [[nodiscard]] bool uses_cycles() const { return use_cycles_; }
  [[nodiscard]] double cost_ns() const { return cost_ * ns_per_tick_; }
  // By how much the clock goes on at once: that of some processors goes on 26 cycles at a time.
  [[nodiscard]] double step_ns() const { return step_ * ns_per_tick_; }

 private:
  // A timed call may enter a time namespace, and this clock is offset there (time_namespaces(7)).
  // The namespaces that are entered here have the offsets of the one they were made from.
  static Ticks raw_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return static_cast<Ticks>(now.tv_sec) * 1'000'000'000U + static_cast<Ticks>(now.tv_nsec);
  }
  // So many rounds, at least one, each dependent on the one before. A loop that crosses a line of
  // the instruction cache takes twice as long on some processors, so all copies are aligned: what
  // one is measured to cost, all do. Not a function that is called, since after a fork the first
  // write to the stack is a page fault.
  static void spin(std::uint64_t rounds) {
#if defined(__x86_64__)
    asm volatile(".p2align 5\n1:\tdec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
#elif defined(__aarch64__)
    asm volatile(".p2align 5\n1:\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(rounds) : : "cc");
#else
    for (; rounds != 0; --rounds) asm volatile("" : "+r"(rounds));
#endif
  }
  static double measure_rate();
  [[nodiscard]] double measure_cost() const;
  [[nodiscard]] double measure_step() const;

  bool use_cycles_ = false;
  double ns_per_tick_ = 1;
  double cost_ = 0;  // ticks, of a reading
  double step_ = 1;
  std::uint64_t spins_ = 0;
};

// From how far apart reads of a clock are: the least difference between distances that are common.
// 1 if there is none.
Ticks step_between(std::vector<Ticks> apart);

// Whether /proc/cpuinfo's text promises a counter that runs at one rate, in every sleep state.
bool promises_invariant_tsc(const char* cpuinfo);

}  // namespace nsbench::bench
