// How a process's memory lies, which fork-like clones depend on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/report.h"

namespace nsbench::cli {

// A fork copies the tables of a process's pages, and how many there are of them depends on where
// its mappings lie: randomised, one start's clone took 6 % more or less than the next one's, and
// without less than 1 %. The flag is heard at exec (personality(2)), so this starts the program
// anew with the words that it was started with, once. A Warning: it could not be had.
std::optional<Warning> fix_address_space_layout();

// Becomes this program with `words` behind its name, its memory laid out the same every time where
// that can be had. Returns only if it fails.
Error become_nsbench(const std::vector<std::string>& words);

}  // namespace nsbench::cli
