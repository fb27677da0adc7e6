// Cases in the order of the manual, whatever the order in which they came.
#pragma once

#include "reports/report.h"

namespace nsbench::cli {

// Those that are in no catalogue of ours stay behind, in their order.
void put_in_catalog_order(Report& report);

}  // namespace nsbench::cli
