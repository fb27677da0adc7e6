#include "reports/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
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

// The standard library writes out what is in {braces} as often as they say, and takes the square of
// that to tidy it up.
constexpr std::uint64_t most_repetitions = 4096;

// No more than these, if each {repetition} is of the one before.
std::uint64_t repetitions_in(std::string_view text) {
  static_assert(longest_number <= 9, "the product below must not overflow");
  std::uint64_t product = 1;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    std::uint64_t largest = 1;
    std::uint64_t number = 0;
    for (const char c : text.substr(at + 1)) {
      if (c == ',') {
        number = 0;
      } else if (c >= '0' && c <= '9') {
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
        largest = std::max(largest, number);
      } else {
        break;
      }
    }
    product = std::min(product * largest, most_repetitions + 1);
  }
  return product;
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
  if (repetitions_in(text) > most_repetitions) {
    return no_pattern(
        fmt::format("{{repetitions}} that multiply to more than {}", most_repetitions));
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
