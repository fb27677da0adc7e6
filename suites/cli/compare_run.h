// The part of `nsbench compare` that measures: two commands in lock step on this machine.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::cli {

struct CompareRunOptions {
  std::vector<std::string> commands;  // of the base, then of the new side
  std::vector<std::string> before;    // none, or as many: run before each batch of the side
  bool null = false;                  // a third side, the base once more
  std::string filter;
  std::string suite;
  double seconds = 10;  // per case and side
  int starts = 20;
  std::uint64_t seed = 0;
  std::string save;  // a directory for the sides' reports

  [[nodiscard]] bool wanted() const { return !commands.empty(); }
};

// --run and what belongs to it.
void add_run_options(CLI::App& app, CompareRunOptions& options);

// The benchmarks that the filter or the suite asks for; six that stand for the others where neither
// does. `sys_admin`: whether root's are possible where they are measured. An Error: there are none.
Result<std::vector<CaseId>> choose_cases(const CompareRunOptions& options, bool sys_admin);

// The sides' reports: "base", "new", and "null" if it was asked for. Saves them where the options
// say so. Shows its progress on a terminal; SIGINT, SIGTERM and SIGHUP end it early. An Error is
// one of usage or input.
Result<std::vector<Report>> measure_in_lockstep(CompareRunOptions options,
                                                const std::string& command_line);

}  // namespace nsbench::cli
