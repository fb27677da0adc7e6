// Whole reports, made small.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::history {

Result<std::string> deflated(std::string_view text);
// `bytes`: how long the text was. Error: `deflated` is not what deflated() gave, or is longer than
// any report that is read.
Result<std::string> inflated(std::string_view deflated, std::size_t bytes);

}  // namespace nsbench::history
