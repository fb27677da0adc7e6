// The comparison as JSON, for other programs: schema/nsbench-comparison-1.schema.json.
#pragma once

#include <string>

#include "reports/compare.h"

namespace nsbench {

// The JSON comparison's schema number: raised when a key changes its meaning or goes.
inline constexpr int comparison_schema = 1;

// Keys are in a fixed order; no NaN or Infinity is ever written; invalid UTF-8 becomes U+FFFD.
// Checks whose outcome is unchanged are counted, not listed.
std::string to_json(const Comparison& comparison);

}  // namespace nsbench
