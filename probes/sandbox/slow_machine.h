// Machines on which everything takes longer.
#pragma once

#include <string_view>

namespace nsbench {

// By how much deadlines are longer on the processor that /proc/cpuinfo's text tells of: 4 for
// QEMU's TCG and User-Mode Linux, where a system call takes ten times as long on a busy host;
// else 1.
int patience_with(std::string_view cpuinfo);
// With this machine's, as it was at the first call.
int patience_here();

}  // namespace nsbench
