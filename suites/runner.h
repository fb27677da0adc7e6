// Carries a plan out: from a Plan to a Report.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

#include "probes/sandbox/support.h"
#include "reports/report.h"
#include "suites/limits.h"
#include "suites/plan.h"

namespace nsbench {

// How far a run is; sent several times a second at most.
struct Progress {
  enum class Phase { Checks, Benchmarks, Boots };
  Phase phase = Phase::Checks;
  std::string running;  // a case id; empty between cases
  std::size_t done = 0;
  std::size_t total = 0;     // 0: not known
  double seconds_left = -1;  // of this phase; negative: not known yet
};

struct RunnerOptions {
  // For the whole run; what is known by then is in the report, which says that it was interrupted
  // and what was running. 0: for its phases, what limits_of() the plan are.
  std::chrono::seconds timeout{0};
  int jobs = 1;      // checks side by side
  CheckTimes times;  // of each check
  // That one check may have at once; more than that is a storm of forks, and is ended.
  std::size_t most_processes = 4'000;
  std::uint64_t seed = 1;
  std::function<void(const Progress&)> on_progress = [](const Progress&) {};
  // Told when a case's run begins and ends: a check, its control, one batch of a benchmark or
  // several in a row. Checks overlap.
  std::function<void(const CaseId&)> on_begin = [](const CaseId&) {};
  std::function<void(const CaseId&)> on_end = [](const CaseId&) {};
  // What fails is run once more, alone, and is broken if it does not fail again: the first time a
  // process of its may have been ended by somebody else, as by the kernel where memory is short.
  bool asks_again = false;
  // Asked with each result as it comes, before controls are settled: true ends the run.
  std::function<bool(const CaseResult&)> is_enough;
  // Told of each real case when it and its control have been run as often as they were to be: with
  // its last word.
  std::function<void(const CaseResult&)> on_settled;
  // Set by a signal handler to end the run early; what is known by then is in the report.
  const volatile std::sig_atomic_t* stop = nullptr;
  // Called several times a second, as long as the runner itself is not kept from going on.
  std::function<void()> on_tick = [] {};
};

// Runs the checks, then the benchmarks. The caller must be single-threaded. Fills cases (in the
// order of the manual, controls settled), series, warnings and run.interrupted, run.seconds.
// A check that hangs, forks without end or can't be killed costs its own verdict (Broken) alone, a
// benchmark its own series. Warnings of its own:
//   "deadline"    the run, or one of its phases, was not done in time
//   "not-killed"  processes of these cases hang in the kernel, where no signal ends them
void run_plan(const Plan& plan, const RunnerOptions& options, const Support& support,
              Report& report);

}  // namespace nsbench
