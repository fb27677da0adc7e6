// The two sides of nsbench gate: kernels that are booted and measured, or reports that were saved.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"
#include "suites/cli/under_test.h"

namespace nsbench::cli {

// What is measured of each kernel, and how often it is booted for it.
struct GatePlan {
  bool checks = true;
  bool benchmarks = true;
  std::string suite = "quick";
  std::string filter;   // as of nsbench run
  int boots = 0;        // 0: as many as the clock needs
  double budget = 0;    // seconds of the kernel's own time for the benchmarks of a side; 0: usual
  std::string clock;    // empty: wall under KVM and on User-Mode Linux, else instructions
  std::string command;  // RunInfo::command
  const volatile std::sig_atomic_t* stop = nullptr;
};

// One side: exactly one of the two.
struct GateSide {
  std::string name;  // for people: the image's path, or the reports'
  std::optional<KernelUnderTest> kernel;
  std::vector<Report> reports;

  // `paths`: one kernel image; or reports, and directories of reports (*.json). Whether a file is a
  // report is told by its content.
  static Result<GateSide> open(const std::vector<std::string>& paths, const KernelOptions& options,
                               const MachineOptions& machine,
                               const volatile std::sig_atomic_t* stop);
};

// What came of the measurement. A kernel that does not boot, or does not bring its report out,
// leaves a trouble: a sentence with the console's last lines.
struct Gated {
  std::vector<Report> base, now;
  std::vector<std::string> base_troubles, now_troubles;
  [[nodiscard]] bool whole() const { return base_troubles.empty() && now_troubles.empty(); }
};

// Boots each kernel once for its checks, which are entered in its first report, and for the
// benchmarks:
//   counting instructions  some boots of each, two machines at a time: what else runs does not
//                          matter. Of saved reports only the other side is booted;
//   by wall clock          both in lock step, each start of the workers a boot; against saved
//                          reports some boots of the kernel, one at a time.
// Errors are of usage and input: clocks that differ, an engine that can't count instructions.
Result<Gated> measure_sides(const GateSide& base, const GateSide& now, const GatePlan& plan,
                            const MachineOptions& machine);

}  // namespace nsbench::cli
