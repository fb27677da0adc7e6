// A trend as one HTML file that needs nothing else: no network, no script.
#pragma once

#include <string>

#include "suites/history/trend.h"

namespace nsbench::history {

std::string trend_html(const Trend& trend);

}  // namespace nsbench::history
