// What the history answers, as JSON.
#pragma once

#include <string>
#include <vector>

#include "suites/history/record.h"
#include "suites/history/trend.h"

namespace nsbench::history {

// Raised when a key changes its meaning or goes.
inline constexpr int json_schema = 1;

std::string list_json(const std::vector<Run>& runs);
std::string show_json(const Record& record);
std::string trend_json(const Trend& trend);

}  // namespace nsbench::history
