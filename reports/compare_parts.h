// The parts of a comparison, each in a file of its own: compare.cpp puts them together.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/compare.h"

namespace nsbench::comparing {

using Reports = std::vector<const Report*>;

struct Input {
  Reports base, now;
  Reports null;  // the A/A control
  CompareOptions options;
};

// The reports of one measurement in lock step.
struct Session {
  const Report* base = nullptr;
  const Report* now = nullptr;
  const Report* null = nullptr;
};
// By run.lockstep: those with a report on both sides.
std::vector<Session> sessions_of(const Input& input);

Procedure procedure_of(const Input& input);

// One benchmark of one report. `place`: the report's, among its side's or its session's.
struct Timed {
  const Report* report = nullptr;
  const Series* series = nullptr;
  std::size_t place = 0;
};
// One benchmark on both sides.
struct Joined {
  CaseId id;
  std::vector<Timed> base, now, null;
};

// What the data say of one benchmark before it is known how many others there are.
struct Evidence {
  SeriesComparison row;
  std::optional<double> p;  // not corrected; absent where nothing can be told
  double log_ratio = 0;
  std::vector<double> differences;  // lock step: the log ratio of each pair
  // Lock step: the median of each start; Runs: the log of each report. By session (or report) and
  // start, so that those of several benchmarks can be matched.
  using Units = std::map<std::pair<std::size_t, std::int64_t>, double>;
  Units base_units, now_units;   // lock step: now_units only, of the ratio
  std::optional<MeanTest> mean;  // Runs, Instructions
  bool null_fired = false;
  bool may_be_layout = false;  // two builds by an emulator's clock, and no more than layout does
};

// Why this benchmark can't be compared, whatever was measured: failures, another machine or clock.
// Sets code and reason; false if nothing stands in the way.
bool is_hindered(const Joined& joined, Procedure procedure, const CompareOptions& options,
                 SeriesComparison& row);
// Whether an emulator's wall clock timed it.
bool by_emulators_clock(const Report& report);
// Whether such a clock compares two builds, whose layout moves it.
bool is_layout_biased(const Joined& joined);
// Below this the change may be the layout's; and one image differs from itself by nearly as much,
// from boot to boot.
inline constexpr double layout_bias = 0.15;

Evidence measure_pairs(const Joined& joined, const CompareOptions& options);
Evidence measure_means(const Joined& joined, Procedure procedure, const CompareOptions& options);

// Decides, once p is corrected. `tested`: how many benchmarks have a p.
void conclude_pairs(Evidence& evidence, double corrected, std::size_t tested,
                    const CompareOptions& options);
void conclude_means(Evidence& evidence, double corrected, std::size_t tested,
                    const CompareOptions& options);
// Same or noisy: what is left where no change was found. `interval` is the widest that is known.
void conclude_without_change(SeriesComparison& row, const Interval& interval,
                             const CompareOptions& options);

std::vector<FamilyComparison> families_of(const std::vector<Evidence>& all, Procedure procedure,
                                          double alpha);
// `joined`: how many cases both sides have.
std::vector<CaseComparison> outcomes_of(const Input& input, std::size_t& joined);
std::vector<ComparedSplat> splats_of(const Input& input);
std::vector<Warning> warnings_of(const Input& input, Procedure procedure);
ComparedSide side_of(const Reports& reports);

void cannot_tell(SeriesComparison& row, std::string code, std::string reason);
std::string percent(double fraction);  // "3.4 %", "0.25 %"

}  // namespace nsbench::comparing
