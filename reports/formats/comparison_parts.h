// The parts of the text of a comparison.
#pragma once

#include <string>

#include "reports/compare.h"
#include "reports/formats/text.h"

namespace nsbench::text {

// Each ends in a newline, or is empty if there is nothing to say.
std::string changes(const Comparison& comparison, const TextOptions& options);
std::string untold(const Comparison& comparison, const TextOptions& options);
std::string families(const Comparison& comparison, const TextOptions& options);
std::string outcomes(const Comparison& comparison, const TextOptions& options);

std::string change_word(Change change);  // "can't tell"
// "+3.1%", of a ratio
std::string change_of(double ratio);
// "+2.6..+3.5%"
std::string interval_of(const Interval& interval);
std::string short_percent(double fraction);  // "0.8%", "12%"

}  // namespace nsbench::text
