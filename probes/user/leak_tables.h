// The leak tables of the family's rules of calls, in a file of their own for their number.
#pragma once

#include <vector>

#include "probes/leak_table.h"

namespace nsbench {

// rule_tables.cpp
std::vector<LeakTable> user_rule_tables();

}  // namespace nsbench
