// The smallest program: what execve makes of a process's capabilities is read from /proc once it
// has ended and before it is reaped.
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"

namespace nsbench {

// Writes the program to a new file, mode 0755; the errno.
int write_program(const std::string& path);
// Runs it in a forked process, after `before` in that process. Records "PREFIX exec" with execve's
// errno (-1: it could not be run otherwise), "PREFIX CapPrm", "PREFIX CapEff" and the other sets.
void run_program(Observation& seen, std::string_view prefix, const std::string& path,
                 int (*before)() = nullptr);

}  // namespace nsbench
