// The leak tables of the mnt probes, one file for each group of subjects.
#pragma once

#include <vector>

#include "probes/leak_table.h"

namespace nsbench {

void add_propagation_leaks(std::vector<LeakTable>& tables);
void add_locked_leaks(std::vector<LeakTable>& tables);
void add_filesystem_leaks(std::vector<LeakTable>& tables);
void add_foreign_leaks(std::vector<LeakTable>& tables);
void add_file_leaks(std::vector<LeakTable>& tables);
void add_listing_leaks(std::vector<LeakTable>& tables);
void add_call_leaks(std::vector<LeakTable>& tables);

}  // namespace nsbench
