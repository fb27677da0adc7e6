// Reports whose texts try to become something else in the page, the terminal or the file that shows
// them.
#pragma once

#include "reports/report.h"

namespace nsbench {

// sample_report() with markup, ends of scripts and comments, quotes and control characters wherever
// a report has a text. What would run says so in the page's title.
Report hostile_report();

}  // namespace nsbench
