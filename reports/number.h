// Numbers in text that others wrote: a kernel's, a peer's, a user's. What is no number of the type,
// or beyond what the type holds, is none; nothing is rounded, wrapped or cut.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace nsbench {

// The number at the start of `text`, which loses it; `text` is left as it is where there is none.
// No white space before it, no '+', no "0x"; neither "inf" nor "nan".
template <class Number>
std::optional<Number> take_number(std::string_view& text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  std::from_chars_result parsed{};
  if constexpr (std::floating_point<Number>) {
    parsed = std::from_chars(text.data(), end, number);
    if (!std::isfinite(number)) return std::nullopt;
  } else {
    parsed = std::from_chars(text.data(), end, number, base);
  }
  if (parsed.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return number;
}

// The number that `text` is, all of it but white space around it: files of /proc end lines and
// align columns with it.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  constexpr std::string_view space = " \t\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(space) + 1 - first);
  const std::optional<Number> number = take_number<Number>(text, base);
  return text.empty() ? number : std::nullopt;
}

// The same of the first word of `text`: "kB" may follow, or other columns.
template <class Number>
std::optional<Number> parse_first_number(std::string_view text, int base = 10) {
  constexpr std::string_view space = " \t\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  return parse_number<Number>(text.substr(0, text.find_first_of(space)), base);
}

}  // namespace nsbench
