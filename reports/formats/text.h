// The report for a person at a terminal.
#pragma once

#include <string>

#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

struct TextOptions {
  bool color = false;
  int width = 100;  // columns; tables are made to fit
  // Every check on a line of its own, however many there are. Else, past some forty, a family is
  // one line, and a check has its own only where something is wrong.
  bool every_check = false;
  // How the times of each benchmark are distributed, on a line each.
  bool histogram = false;
};

// Isolation by namespace x method x privilege, timings, environment, skips grouped by reason,
// warnings, and the verdict with the next useful command. Ends in a newline.
std::string to_text(const Report& report, const TextOptions& options, const Judging& by = {});

}  // namespace nsbench
