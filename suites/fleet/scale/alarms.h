// How often a fleet in which nothing changed is told that something is slower, and how often a
// slowdown is found, by several ways of deciding. Boots are drawn from recorded noise; what decides
// them is nsbench's own compare().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "reports/compare.h"
#include "suites/fleet/scale/noise.h"

namespace nsbench::fleet {

struct FleetShape {
  std::size_t kernels = 10;
  std::size_t boards = 5;    // types of machine: each kernel is compared on each by itself
  std::size_t series = 300;  // of a comparison
  std::size_t boots = 8;     // of each kernel on each board, and of the base
  [[nodiscard]] std::size_t comparisons() const { return kernels * boards; }
};

enum class Schedule : unsigned char {
  InTurn,            // a board's mood meets both sides alike: boots are drawn at random
  OneAfterTheOther,  // each side's boots follow each other, as they did in the recording
};

// On so many boards a series has to be slower by the usual rule, at `alpha` for each comparison,
// for the chance that chance does that to any series of any kernel to be under `alpha`:
// kernels * series * (boards over k) * (alpha / 2 series)^k. nullopt: not even all boards suffice.
std::optional<std::size_t> boards_needed(const FleetShape& shape, double alpha);

// Something planted in the new side.
struct Planted {
  std::size_t series = 0;
  double by = 0;  // a fraction
};

// The boots of one side: for each the recorded runs that its series are taken from.
struct Boots {
  std::size_t count = 0;
  std::vector<std::uint32_t> runs;
};

// Where boots come from. There are more series in a fleet than were recorded: they are taken as
// often as needed, in blocks that draw their runs by themselves.
class Lab {
 public:
  Lab(const Noise& noise, std::size_t series, Schedule schedule, std::uint64_t seed);
  ~Lab();
  Lab(Lab&&) noexcept;
  Lab& operator=(Lab&&) = delete;
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  [[nodiscard]] Boots draw(std::size_t count);
  // Which of the series are slower, by compare(). `of`: those that are compared, ascending; empty:
  // all.
  [[nodiscard]] std::vector<std::size_t> slower(const Boots& base, const Boots& now,
                                                const CompareOptions& options,
                                                std::optional<Planted> planted = {},
                                                const std::vector<std::size_t>& of = {}) const;
  // Those whose p is under `alpha`; it is Welch's, as compare() has it before it is corrected.
  // `log_ratios`, if it is not null, gets those of all series.
  struct Tail {
    std::size_t series = 0;
    double p = 1;
    double log_ratio = 0;
  };
  [[nodiscard]] std::vector<Tail> tail(const Boots& base, const Boots& now, double alpha,
                                       std::optional<Planted> planted = {},
                                       double* log_ratios = nullptr) const;
  [[nodiscard]] std::size_t series() const { return series_; }
  [[nodiscard]] std::size_t recorded() const { return recorded_; }

 private:
  struct Parts;
  std::size_t series_, recorded_;
  std::unique_ptr<Parts> parts_;
};

struct FleetRules {
  double alpha = 0.01;
  double threshold = 0.01;
  std::size_t confirming_boots = 8;  // of each side, where something is booted again
};

// What one way of deciding called slower, on a day on which nothing was.
struct Called {
  std::size_t series = 0;       // on one board each; on several boards: on all of these together
  std::size_t comparisons = 0;  // a kernel on a board; or a kernel
};

struct Day {
  std::size_t comparisons = 0;
  Called alone;        // alpha for each comparison: what nsbench gate does of one
  Called shared;       // alpha shared out among the comparisons
  Called hochberg;     // Benjamini and Hochberg, over all series of the fleet
  Called two_boards;   // slower by `alone` on two boards
  Called some_boards;  // on boards_needed()
  // A third of alpha each, as suites/fleet/suspicion.h has it:
  Called pooled;       // Student's t over the boards' log ratios, shared out among all series
  Called confirmed;    // by `alone`, and again by fresh boots, shared out among these comparisons
  Called recommended;  // what fleet gate does: at once, together, or again
  std::size_t booted_again = 0;  // comparisons for which `confirmed` boots again
};
Day simulate_day(Lab& lab, const FleetShape& shape, const FleetRules& rules);

// How often a slowdown of one series of one kernel is found, on at least one board.
struct Power {
  std::size_t trials = 0;
  std::size_t alone = 0, shared = 0, hochberg = 0, some_boards = 0, pooled = 0, confirmed = 0,
              recommended = 0;
};
// `shape` is the fleet's, of which one kernel is looked at; `boards`: on how many it is slower.
// `suspects`: comparisons of the others that are booted again on such a day.
Power simulate_power(Lab& lab, const FleetShape& shape, const FleetRules& rules, Planted planted,
                     std::size_t boards, std::size_t suspects, std::size_t trials);

}  // namespace nsbench::fleet
