// What somebody else captured of a console on which `nsbench run --channel -` ran: the report comes
// out of it again, with what the kernel said meanwhile.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"
#include "reports/splat.h"

namespace nsbench::kernel {

struct ConsoleLog {
  Report report;                   // whatever there was of it, splats entered
  bool any = false;                // whether nsbench said anything at all
  bool complete = false;           // the whole report is there
  std::optional<int> exit_status;  // nsbench's own
  std::vector<std::string> lost;   // what was lost or split, one sentence each
  std::size_t mended = 0;          // lines that the kernel had split, put together again
  std::string trouble;             // where the report is not complete: why
};

// `text` is a console's, with or without carriage returns, or a job's log of LAVA (YAML, a line for
// each message), of which what the target said counts. Where lines are missing the report has
// run.interrupted and a warning "console-lost".
ConsoleLog read_console_log(std::string_view captured);

// The console of a job's log of LAVA: what follows each "lvl": "target", as it was before LAVA
// escaped it. Lines that are none of LAVA's stay as they are.
std::string console_in_lava_log(std::string_view text);

// Records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg) as a console prints them, with a time.
struct KernelLog {
  std::string text;
  std::size_t missing = 0;  // records that were overwritten before they were read
};
KernelLog console_of_records(std::string_view records);

// What records of /dev/kmsg tell of a kernel that is not well: for whoever runs on it.
std::vector<Splat> splats_in_records(std::string_view records);

}  // namespace nsbench::kernel
