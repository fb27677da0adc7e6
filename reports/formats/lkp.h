// What the kernel test robot (LKP) reads and mails.
#pragma once

#include <span>
#include <string>

#include "reports/compare.h"
#include "reports/report.h"

namespace nsbench {

// "key: number" lines, as a program's parse script prints them: `uts.hostname.setns.root.pass: 1`
// (or .fail, .skip, .broken) for each check, `create.net.clone3.root.p25_ns: 412000` and the other
// percentiles for each benchmark. Reports are told apart by an empty line.
std::string to_lkp(std::span<const Report> reports);

// The table of the robot's mails: checks that fail more or less often, then every benchmark that
// both sides timed. Beside each stands what it does not say: which way is better, and what was
// decided. %stddev is that of the reports of a side, or of the batches of the only one. What is no
// number follows as text.
std::string to_lkp(const Comparison& comparison, std::span<const Report> base,
                   std::span<const Report> now);

}  // namespace nsbench
