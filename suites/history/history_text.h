// What the history answers, for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "suites/history/record.h"
#include "suites/history/trend.h"

namespace nsbench::history {

struct TextOptions {
  std::size_t width = 100;
  bool color = false;
  std::size_t limit = 0;  // rows of a table; 0: all
};

// `of`: how many runs there are in all.
std::string list_text(const std::vector<Run>& runs, std::int64_t of, const TextOptions& options);
std::string show_text(const Record& record, const TextOptions& options);
std::string trend_text(const Trend& trend, const TextOptions& options);

}  // namespace nsbench::history
