#include "reports/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "reports/printable.h"

namespace nsbench {
namespace {

// More would overflow the standard library's count of {repetitions}.
constexpr std::size_t longest_number = 9;

bool has_long_number(std::string_view text) {
  std::size_t digits = 0;
  return std::any_of(text.begin(), text.end(), [&digits](char c) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    return digits > longest_number;
  });
}

}  // namespace

Result<std::regex> parse_pattern(std::string_view text) {
  const auto no_pattern = [text](std::string_view why) {
    return Error{fmt::format("\"{}\" is no regular expression: {}", printable(text, 100), why)};
  };
  if (text.size() > longest_pattern) {
    return no_pattern(fmt::format("{} bytes, and {} may be", text.size(), longest_pattern));
  }
  if (text.find('\0') != std::string_view::npos) return no_pattern("a NUL byte in it");
  if (has_long_number(text)) {
    return no_pattern(fmt::format("a number of more than {} digits", longest_number));
  }
  try {
    return std::regex(std::string(text));  // it looks one character past the end: NUL, in a string
  } catch (const std::regex_error& error) {
    return no_pattern(printable(error.what(), 200));
  }
}

Result<CasePattern> CasePattern::parse(std::string_view text) {
  Result<std::regex> regex = parse_pattern(text);
  if (!regex) return regex.error();
  return CasePattern{std::string(text), *std::move(regex)};
}

bool CasePattern::matches(const CaseId& id) const {
  return found_in_lines(regex, id.with_control(false).str());
}

bool found_in_lines(const std::regex& regex, std::string_view text) {
  constexpr std::size_t longest_line = 500;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string line(text.substr(0, std::min(end, longest_line)));
    if (std::regex_search(line, regex)) return true;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

}  // namespace nsbench
