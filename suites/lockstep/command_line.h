// A command that was given as one text, as the words that a program is started with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::lockstep {

// The words of `text` as a shell would split it: space separates, '...', "..." and \ quote. Nothing
// is expanded, and no other character means anything; a command that needs a shell names one
// (sh -c '...'). An Error: there is no word, or a quote is left open.
Result<std::vector<std::string>> words_of(std::string_view text);

}  // namespace nsbench::lockstep
