#include "reports/pattern.h"

#include <fmt/format.h>

#include "reports/printable.h"

namespace nsbench {

Result<std::regex> parse_pattern(std::string_view text) {
  const auto no_pattern = [text](std::string_view why) {
    return Error{fmt::format("\"{}\" is no regular expression: {}", printable(text, 100), why)};
  };
  if (text.size() > longest_pattern) {
    return no_pattern(fmt::format("{} bytes, and {} may be", text.size(), longest_pattern));
  }
  if (text.find('\0') != std::string_view::npos) return no_pattern("a NUL byte in it");
  try {
    return std::regex(text.begin(), text.end());
  } catch (const std::regex_error& error) {
    return no_pattern(printable(error.what(), 200));
  }
}

}  // namespace nsbench
