// One verdict over a fleet: each kernel against the base, on each type of machine by itself.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/gate.h"
#include "reports/policy.h"
#include "reports/result.h"
#include "suites/fleet/directory.h"
#include "suites/fleet/plan.h"
#include "suites/fleet/suspicion.h"

namespace nsbench::fleet {

struct GateOptions {
  std::string base;                // empty: the plan's own
  const Policy* policy = nullptr;  // not owned
  Date today;
  // `alpha` is the chance of one false alarm among all benchmarks of all kernels on all machines:
  // suspicion.h.
  CompareOptions compare;
  // So many boots of each kernel are compared first. Those behind them are looked at only where
  // these leave a suspicion.
  int first_boots = static_cast<int>(runs_needed);
};

// One kernel on one type of machine.
struct KernelVerdict {
  std::string device_type, kernel, release;
  bool is_base = false;
  std::size_t jobs = 0, reports = 0;
  Decision decision;  // reasons as of a gate; Unknown where a report is missing
  std::size_t benchmarks = 0, decided = 0;
  std::vector<std::string> regressed, slower, suspected;  // ids
};

struct FleetVerdict {
  ExitCode code = ExitCode::Ok;
  std::size_t comparisons = 0;
  double alpha = 0;
  std::vector<KernelVerdict> kernels;
  std::vector<Together> together;  // slower on several types of machine together
};

// A fleet of one type of machine.
struct Fleet {
  Directory directory;
  Plan plan;
};

// A report that is not there is missing, and the kernel's verdict Unknown at best; a job that
// Failed fails its kernel, and makes a base Unknown. One kernel's reports, and the base's, are in
// memory at a time; `tell` is called with each verdict as it comes. Errors: a plan without the
// base, two plans for one type of machine; a report that can't be read.
Result<FleetVerdict> gate(const std::vector<Fleet>& fleets, const GateOptions& options,
                          const std::function<bool()>& stopped);

std::string verdict_json(const FleetVerdict& verdict);

}  // namespace nsbench::fleet
