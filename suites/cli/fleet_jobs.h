// nsbench fleet: from kernels to a directory with jobs and what they boot.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "reports/result.h"
#include "suites/fleet/directory.h"
#include "suites/fleet/plan.h"

namespace nsbench::cli {

struct FleetOptions {
  std::string kernels;  // a list, or a directory
  std::string device_type;
  int boots = 1;
  bool add = false;  // to the jobs that are there
  std::string base;
  std::string directory = "nsbench-fleet";
  std::string url;  // of it, as workers see it; empty: it is a directory of theirs
  std::string job_template;
  std::string init;
  std::string append;
  int minutes = 60;
  std::vector<std::string> words;  // of nsbench run in the guest
};

void add_making(CLI::App& app, FleetOptions& options);

struct MadeFleet {
  fleet::Plan plan;
  Fd lock;  // of its directory
};
// Writes what is not there yet, the plan last. Jobs that were made before keep what is known of
// them. Errors are of usage and input: nothing that has been there is lost.
Result<MadeFleet> make_fleet(const FleetOptions& options);

}  // namespace nsbench::cli
