// The timings of a page: tables with a plot in each row, and the points of the charts that its
// script draws.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reports/report.h"

namespace nsbench::html {

std::string timings(const Report& report);

// Small charts, one for each kind of namespace (and parameter) of a family: of each benchmark its
// name and the points of its distribution. page.js reads it.
nlohmann::json charts(const Report& report);

// Points that are kept of one distribution.
inline constexpr std::size_t points_of_a_chart = 160;

}  // namespace nsbench::html
