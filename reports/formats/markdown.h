// Reports and comparisons as Markdown: for issues, mails and the step summaries of forges.
#pragma once

#include <string>

#include "reports/compare.h"
#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

// Whatever came from the system under test stays text: no link, no image, no HTML of it is taken
// for markup.
std::string to_markdown(const Report& report, const Judging& by = {});
std::string to_markdown(const Comparison& comparison);

}  // namespace nsbench
