// The parts of the text of a comparison.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/compare.h"
#include "reports/formats/text.h"

namespace nsbench::text {

// Each ends in a newline, or is empty if there is nothing to say.
std::string changes(const Comparison& comparison, const TextOptions& options);
std::string untold(const Comparison& comparison, const TextOptions& options);
std::string families(const Comparison& comparison, const TextOptions& options);
std::string outcomes(const Comparison& comparison, const TextOptions& options);

// Slower first, then faster, each by size, then what can't be told, then what is the same.
std::vector<const SeriesComparison*> in_order(const Comparison& comparison);
std::string probability(const std::optional<double>& p);  // "<.0001", "-"
// How much there was to compare: "100" pairs, "2x8" runs.
std::string count_of(const SeriesComparison& row, Procedure procedure);

// What can't be told: by code, then by reason, the cases.
using Untold = std::map<std::string, std::map<std::string, std::vector<std::string>>>;
Untold untold_of(const Comparison& comparison);
// The cases whose outcome changed: in the order of gravity, by "pass, now fail".
using Outcomes = std::vector<std::pair<Outcome, std::map<std::string, std::vector<std::string>>>>;
Outcomes outcomes_of(const Comparison& comparison);

std::string change_word(Change change);  // "can't tell"
// "+3.1%", of a ratio
std::string change_of(double ratio);
// "+2.6..+3.5%"
std::string interval_of(const Interval& interval);
std::string short_percent(double fraction);  // "0.8%", "12%"

}  // namespace nsbench::text
