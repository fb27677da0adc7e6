// Regular expressions that a user gives, to name cases.
#pragma once

#include <cstddef>
#include <regex>
#include <string_view>

#include "reports/result.h"

namespace nsbench {

// Bytes of one: the standard library compiles and matches by recursion, and a long one would end in
// a stack overflow.
inline constexpr std::size_t longest_pattern = 1000;

// An ECMAScript regular expression. The Error is one line that quotes `text` and says what is
// wrong.
Result<std::regex> parse_pattern(std::string_view text);

}  // namespace nsbench
