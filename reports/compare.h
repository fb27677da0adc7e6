// Two sets of reports, before and after, and what changed between them: joined by case, decided by
// the rule that their data allow, with a reason wherever nothing can be said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/case_id.h"
#include "reports/gate.h"
#include "reports/inference.h"
#include "reports/pattern.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench {

// How times are decided; the data say which.
enum class Procedure : std::uint8_t {
  // Both sides took batches in turn (run.lockstep). The log ratio of the p25 of each pair of
  // neighbours; sign test over the pairs, corrected by Holm over the cases, and a median over the
  // threshold. What is not random from pair to pair but differs from one start of the worker (or
  // boot) to the next would be counted once for each pair: so from three starts on the starts, each
  // with the median of its pairs, have to bear it out (detectable.h).
  LockStep,
  // Reports taken at different times: the median of each report's batches is one value, and Welch's
  // t over the logs decides, with the variance between reports as its error. Eight on each side.
  Runs,
  // Both sides' clocks count instructions (kernel.clock), which a busy machine does not disturb:
  // Welch's t over the batches, or over reports where each side has several.
  Instructions,
};
std::string_view id(Procedure procedure);  // "lock step", "runs", "instructions"

enum class Change : std::uint8_t { Same, Faster, Slower, CannotTell };
std::string_view id(Change change);  // "same", "faster", "slower", "cannot-tell"

// Reports that each side needs before saved times decide. From fewer the variance between them is
// not known well enough, and comparing within them instead sees changes where there are none: in a
// third of comparisons of a kernel with itself.
inline constexpr std::size_t runs_needed = 8;

// A threshold of its own for some cases.
struct CaseThreshold {
  CasePattern cases;
  double threshold = 0;  // a fraction
};

struct CompareOptions {
  // Fractions. A change counts as Slower or Faster only if it is over the threshold; Same claims
  // that there is none over the margin (0: three times the threshold, or 15 % where an emulator's
  // wall clock timed the calls).
  double threshold = 0.01;
  double margin = 0;
  double alpha = 0.01;  // the chance of one false alarm among all series
  // Compares times though the machine, the engine that booted the kernels, or the version of the
  // workloads differ. Never over different clocks or units.
  bool force = false;
  // The first whose pattern is found in a case's id has its threshold there.
  std::vector<CaseThreshold> thresholds = {};
  // As they are for one case: its own threshold, and no table.
  [[nodiscard]] CompareOptions of(const CaseId& id) const;
  [[nodiscard]] double same_within() const { return margin > 0 ? margin : 3 * threshold; }
};

// One benchmark that both sides have. Less is better, always.
struct SeriesComparison {
  CaseId id;
  std::string unit;  // of base and now: "ns", "instructions" or "bytes"
  Change change = Change::CannotTell;
  // Why it can't be told; empty otherwise. `code` is one of: failed, skipped, other-machine,
  // other-clock, other-workload, no-pairs, few-batches, few-runs, noisy, starts-differ, null-fired,
  // layout-bias. `reason` is a sentence with the numbers.
  std::string code;
  std::string reason;
  double base = 0, now = 0;  // a typical value of each side: the median of its batches' p25
  // now / base, and its interval at 1 - alpha (of one series, not corrected for being many).
  std::optional<double> ratio;
  std::optional<Interval> interval;
  std::optional<double> p;  // corrected by Holm's method
  // The smallest change that these data would have shown in 95 of 100 such measurements: a
  // fraction, 0.03 for 3 %.
  std::optional<double> detectable;
  std::size_t pairs = 0;              // lock step
  std::size_t starts = 0;             // lock step: of all sessions
  std::size_t base_n = 0, now_n = 0;  // runs, or batches: what the other procedures count
  std::size_t null_pairs = 0;         // of an A/A control
  std::optional<double> null_ratio;   // what the control said
  bool drained = true;   // both sides waited for their namespaces to be gone before each batch
  double threshold = 0;  // a fraction: what decided this series

  [[nodiscard]] bool decided() const { return change != Change::CannotTell; }
};

// How the outcome of a case changed. Decided means Pass or Fail for a check, a result for a
// benchmark. With several reports on a side the gravest verdict counts.
enum class Outcome : std::uint8_t {
  Unchanged,
  Fixed,           // fail to pass
  Regressed,       // pass to fail
  Failing,         // fails, and before it could not be told or was not asked
  StillFailing,    // fails on both sides: no change
  LostCoverage,    // was decided, and is skipped, broken or missing now
  GainedCoverage,  // was skipped or broken, and passes now
  OnlyBefore,      // missing now, and was not decided before either
  OnlyAfter,       // new
};
std::string_view id(Outcome outcome);  // "unchanged", "fixed", "lost-coverage", ...

struct CaseComparison {
  CaseId id;
  Outcome outcome = Outcome::Unchanged;
  bool benchmark = false;
  // "pass", "fail", "skip", "broken", "timed", "failed", "missing"
  std::string before, after;
};

// The geometric mean of the ratios of one family's benchmarks in one unit.
struct FamilyComparison {
  std::string family;
  std::string unit;
  std::size_t cases = 0;  // those with a ratio
  double ratio = 1;
  // At 1 - alpha, from the whole family's mean in each run, or each start: cases that were measured
  // together err together. Absent where there are too few of them.
  std::optional<Interval> interval;
};

// What one side's reports have in common, or their first one's.
struct ComparedSide {
  std::size_t reports = 0;
  std::size_t boots = 0;  // different boot ids
  std::string release, version, machine, engine, clock, cpu_model;
};

// One splat of the new side.
struct ComparedSplat {
  Splat splat;
  bool is_new = false;  // no report of base has one of its kind
};

struct Comparison {
  CompareOptions options;
  Procedure procedure = Procedure::Runs;
  ComparedSide base, now;
  std::size_t sessions = 0;  // measurements in lock step
  bool has_null = false;     // with an A/A control
  bool interrupted = false;  // one of the runs was
  std::size_t tested = 0;    // series with a p value: what Holm's correction was over
  std::vector<SeriesComparison> series;
  std::vector<CaseComparison> cases;  // checks; and benchmarks whose outcome is not Unchanged
  std::vector<FamilyComparison> families;
  std::vector<ComparedSplat> splats;  // those that are new first; at most most_splats
  // Of the comparison itself, and those of the reports, once for each code.
  std::vector<Warning> warnings;
  // What a policy made of it: then decide() answers with it. Set by whoever judges.
  std::optional<Decision> ruled;
};

// Reports of `now` whose side is "null" are the A/A control: a second copy of base. Batches are
// neighbours if start and pair are the same. Errors: a side without reports, the same run given
// twice on one side, and sides that have no case in common.
Result<Comparison> compare(std::span<const Report> base, std::span<const Report> now,
                           const CompareOptions& options);

// Failed: something is Slower, Regressed or Failing, or the kernel of the new side said of itself
// what that of base did not. Unknown: coverage was lost, a run was
// interrupted, or not one of the benchmarks (or of the checks) that both sides have was decided. Ok
// otherwise, whatever else could not be told: without a policy no single benchmark is required.
Decision decide(const Comparison& comparison);
Decision decide(const Comparison& comparison, const Excused& excused);

}  // namespace nsbench
