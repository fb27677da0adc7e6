// The isolation matrix of a page, and all that was seen, which its script shows on demand.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/report.h"

namespace nsbench::html {

struct Check {
  const CaseResult* real = nullptr;
  const CaseResult* control = nullptr;  // null: there is none
};

// Families, each with its properties, each with a cell for every way of getting in.
struct Grid {
  struct Column {
    Privilege privilege;
    Method method;
    std::string variant;
    friend auto operator<=>(const Column&, const Column&) = default;
  };
  struct Row {
    CaseId id;                  // of any of its cells
    std::vector<Check> checks;  // one for each column; without `real`: that way was not asked
  };
  struct Family {
    std::string name;
    std::vector<Row> rows;
  };
  std::vector<Column> columns;
  std::vector<Family> families;
};
Grid grid_of(const Report& report);  // points into `report`

std::string matrix(const Grid& grid);
std::string failures(const Report& report);
std::string skipped(const Report& report);
std::string kernel(const std::vector<Splat>& splats);

// What was seen in every cell, in the order of the page: texts and statements that repeat are
// stored once. page.js reads it.
nlohmann::json seen(const Grid& grid);

}  // namespace nsbench::html
