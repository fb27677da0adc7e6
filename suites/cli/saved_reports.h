// Reports that were saved as JSON.
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::cli {

// In the order of `files`. An Error names the file, and the place in it.
Result<std::vector<Report>> read_reports(const std::vector<std::string>& files);

// Reports out of what was captured of consoles (ci/kernel/console_log.h). What was lost or split is
// said on standard error, and in the report itself. An Error: a file that can't be read.
struct Captured {
  std::vector<Report> reports;
  bool one_is_missing = false;  // on one of the consoles there is no report at all
};
Result<Captured> read_captured_reports(const std::vector<std::string>& files);

}  // namespace nsbench::cli
