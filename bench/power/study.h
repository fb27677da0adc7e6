// Makes one comparison of the study, with fresh workers, and asks what `nsbench compare` says of
// it.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>

#include "bench/power/score.h"
#include "bench/power/trial.h"
#include "reports/compare.h"
#include "reports/result.h"

namespace nsbench::power {

struct StudyOptions {
  std::string nsbench;  // the program whose workers are compared
  double seconds_per_side = 10;
  int starts = 20;    // of each side's worker, in lock step
  int load_sets = 1;  // see start_load()
  std::uint64_t seed = 1;
  const volatile std::sig_atomic_t* stop = nullptr;
};

// Whatever goes wrong is in the trial's `error`.
Trial run_trial(const Setting& setting, const StudyOptions& options);

// A pure function of the trial: a file can be judged anew by another rule.
Judged judge(const Trial& trial, const CompareOptions& options);

// An Error: `path` names no program.
Status look_at_program(const std::string& path);

}  // namespace nsbench::power
