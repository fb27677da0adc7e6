// The parts of the page of a comparison.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/report.h"

namespace nsbench::html {

// What both sides saw and timed, by case id. Points into the reports. Controls of the comparison
// itself (side "null") are left out.
struct Side {
  std::map<std::string, const CaseResult*> checks;  // of several reports: the gravest
  std::map<std::string, std::vector<const Series*>> series;
};
Side side_of(std::span<const Report> reports);

// Checks, and benchmarks whose outcome changed: the gravest first, with what was seen.
std::string outcomes(const Comparison& comparison, const Side& base, const Side& now);
// A row for each benchmark: the change with its interval, and both distributions.
std::string changes(const Comparison& comparison, const Side& base, const Side& now);
std::string untold(const Comparison& comparison);
std::string families(const Comparison& comparison);

// Of each benchmark in the order of changes(): its name, its unit, and the points of base and new.
nlohmann::json pairs(const Comparison& comparison, const Side& base, const Side& now);

}  // namespace nsbench::html
