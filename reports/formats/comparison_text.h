// A comparison for a person at a terminal.
#pragma once

#include <string>

#include "reports/compare.h"
#include "reports/formats/text.h"

namespace nsbench {

// What was compared and how it was decided; every benchmark with its change, slower ones first; why
// what can't be told can't; the families' means; checks whose outcome changed; warnings; and the
// decision. Past some forty benchmarks those that are the same are one line, unless every_check is
// set. Ends in a newline.
std::string to_text(const Comparison& comparison, const TextOptions& options);

}  // namespace nsbench
