// A made-up but realistic report, the same on every machine: what tests of formats are given.
#pragma once

#include <string>

#include "reports/report.h"

namespace nsbench {

// Has one of everything: passes, a failure, a broken control, skips for three reasons, series that
// were timed, that failed, that were skipped and that were not drained, and a host name that tries
// to colour the terminal. `pace` multiplies all times.
Report sample_report(double pace = 1);

// The same kernel on a good day: everything that could run holds.
Report healthy_report();

// A kernel that nsbench booted, on a bad day: all checks hold, and it says that it is not well.
Report unwell_report();

}  // namespace nsbench
