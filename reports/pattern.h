// Regular expressions that a user gives, to name cases.
#pragma once

#include <cstddef>
#include <regex>
#include <string>
#include <string_view>

#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench {

// Bytes of one: the standard library compiles and matches by recursion, and a long one would end in
// a stack overflow.
inline constexpr std::size_t longest_pattern = 1000;

// An ECMAScript regular expression. The Error is one line that quotes `text` and says what is
// wrong.
Result<std::regex> parse_pattern(std::string_view text);

// Which cases, by a regular expression that is searched in their ids.
struct CasePattern {
  std::string text;
  std::regex regex;

  // Errors: those of parse_pattern().
  static Result<CasePattern> parse(std::string_view text);
  // Of a control, its real case's id counts.
  [[nodiscard]] bool matches(const CaseId& id) const;
};

// `regex` is found in one of the lines of `text`, of which the first 500 bytes count, for the same
// reason.
bool found_in_lines(const std::regex& regex, std::string_view text);

}  // namespace nsbench
