// JUnit XML, as Jenkins and GitLab read it.
#pragma once

#include <span>
#include <string>

#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

// A test suite for each family of each report. Broken is an error, a skip is skipped; controls have
// no test case. A benchmark's numbers are its system-out. Names are unique: with several reports
// the class names begin with "runN.".
std::string to_junit(std::span<const Report> reports, const Judging& by = {});

}  // namespace nsbench
