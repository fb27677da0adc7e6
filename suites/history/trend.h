// One case over many runs: split into lines of runs that can be compared, with what changed in
// each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/change_points.h"
#include "suites/history/history.h"

namespace nsbench::history {

// What the runs of one line have in common: what else would move the times. For a clock that counts
// instructions the machine is any with that processor, as in comparisons.
struct LineKey {
  std::string machine, machine_id, cpu_model, engine, clock, build_type, unit;
  std::int64_t workload_version = 0;
  std::int64_t calls_per_timing = 1;

  friend auto operator<=>(const LineKey&, const LineKey&) = default;
};

// Of a check: a verdict that became another one.
enum class Turn : unsigned char {
  Broke,   // pass to fail
  Fixed,   // fail to pass
  Lost,    // pass or fail, then skipped or broken
  Gained,  // the other way
};
std::string_view id(Turn turn);  // "broke", "fixed", "lost", "gained"
struct VerdictTurn {
  Turn turn = Turn::Broke;
  std::size_t before = 0, after = 0;  // points of the line, neighbours
};

struct TrendLine {
  LineKey key;
  std::vector<Point> points;       // the oldest first
  ChangePoints changes;            // of a benchmark
  std::vector<VerdictTurn> turns;  // of a check
};

struct Trend {
  std::string name;
  bool benchmark = false;
  ChangePointOptions options;
  std::vector<TrendLine> lines;  // the one with the newest run first
  // A/A controls of measurements in lock step: the base a second time.
  std::size_t nulls = 0;
  std::size_t interrupted = 0;  // runs that were, and are among the points
};

// `points` as History::points() gives them, for each name.
Trend trend_of(std::string_view name, std::vector<std::pair<CaseName, std::vector<Point>>>&& cases,
               const ChangePointOptions& options);

// "6.12.1"; with the version behind it where several of the line's kernels have that release.
class KernelLabels {
 public:
  explicit KernelLabels(const TrendLine& line);
  [[nodiscard]] std::string of(const Run& run) const;

 private:
  std::vector<std::string> ambiguous_;  // ascending
};

// Neighbouring points of one kernel.
struct KernelGroup {
  std::size_t begin = 0, end = 0;          // points of the line
  std::size_t results = 0;                 // of them
  double median = 0, least = 0, most = 0;  // NaN without a result
};
std::vector<KernelGroup> kernel_groups(const TrendLine& line);

// "vm, AMD EPYC x86_64, bare, wall clock, workloads of version 2"
std::string describe(const TrendLine& line);
// after / before - 1
inline double relative(double before, double after) { return after / before - 1; }

}  // namespace nsbench::history
