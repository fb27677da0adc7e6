// Reports that were saved as JSON.
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::cli {

// In the order of `files`. An Error names the file, and the place in it.
Result<std::vector<Report>> read_reports(const std::vector<std::string>& files);

}  // namespace nsbench::cli
