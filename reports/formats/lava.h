// What LAVA reads off a console: one signal a line.
#pragma once

#include <span>
#include <string>

#include "reports/report.h"

namespace nsbench {

// A `<LAVA_SIGNAL_TESTCASE ...>` for each check (measurement 0, unit none) and for each benchmark
// (its p25), between a line "nsbench: N results" and a line "nsbench: end of N results", which a
// job's `monitors` can have as start and end, and by which lost lines are noticed. Names are dotted
// ids, because LAVA splits a signal at '='; they stay different when everything that is no word
// becomes '_', as LAVA makes it. Those of several reports begin with "run1.", "run2."...
std::string to_lava(std::span<const Report> reports);

}  // namespace nsbench
