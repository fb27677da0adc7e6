// GitHub Actions' workflow commands: what failed becomes an annotation.
#pragma once

#include <span>
#include <string>

#include "reports/compare.h"
#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

// An error for each thing that failed (cases that failed alike are one), a warning for each that
// could not be told and for each of the run's own; at most ten of either, since GitHub shows no
// more of a step. Below them the report as Markdown, in a group of the log; the same is meant for
// the file that GITHUB_STEP_SUMMARY names.
std::string to_github(std::span<const Report> reports, const Judging& by = {});
std::string to_github(const Comparison& comparison);

}  // namespace nsbench
