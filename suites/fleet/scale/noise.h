// What one kernel's times do from run to run on one machine, as it was recorded: where a simulated
// fleet takes its noise from.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/case_id.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::fleet {

struct NoiseRun {
  std::string started;                       // ISO 8601, UTC
  std::vector<std::vector<double>> batches;  // of each series: the p25 of its batches
};

struct Noise {
  std::vector<CaseId> series;
  std::vector<NoiseRun> runs;  // in the order in which they were made
};

// Of runs of one kernel, the same benchmarks in each: those that all of them timed. An Error: there
// are none, or fewer than two runs.
Result<Noise> noise_of(std::span<const Report> reports);

// A line of JSON for the series, then one for each run, with four digits of each time.
std::string to_text(const Noise& noise);
Result<Noise> read_noise(std::string_view text);

// The same noise, with all deviations from a series' median, as logs, times `factor`: what a
// steadier machine would have, if its noise has the same shape.
Noise calmed(Noise noise, double factor);

// How one series varies. Logs, so that 0.02 is 2 %.
struct Restlessness {
  double typical = 0;   // the median over the runs of the median over a run's batches
  double within = 0;    // the deviation of batches around their run's median
  double between = 0;   // the standard deviation of the runs' medians
  double lag1 = 0;      // how much a run's median tells of the next run's: their correlation
  double farthest = 0;  // the run that is farthest off, in deviations (1.4826 times the median's)
};
std::vector<Restlessness> restlessness_of(const Noise& noise);

}  // namespace nsbench::fleet
