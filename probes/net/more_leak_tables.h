// The leak tables of the net family that leak_tables.cpp has not.
#pragma once

#include <vector>

#include "probes/leak_table.h"

namespace nsbench {

std::vector<LeakTable> more_net_leak_tables();

}  // namespace nsbench
