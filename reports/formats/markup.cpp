#include "reports/formats/markup.h"

#include <algorithm>

#include "reports/printable.h"

namespace nsbench::markup {

namespace {

// The character reference that stands for `c`, or null if `c` may stand for itself.
const char* reference(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      return nullptr;
  }
}

}  // namespace

std::string xml(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : printable(text, limit)) {
    if (const char* const instead = reference(c)) {
      out += instead;
    } else if (c == '"' || c == '\'') {
      out += c == '"' ? "&quot;" : "&#39;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string markdown(std::string_view text, std::size_t limit) {
  // @ and # would name people and issues on a forge, :// makes a link of what stands around it.
  constexpr std::string_view special = "\\`*_[]#|~";
  const std::string shown = printable(text, limit);
  std::string out;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const char c = shown[i];
    if (const char* const instead = reference(c)) {
      out += instead;
    } else if (c == '@') {
      out += "&#64;";
    } else {
      const bool makes_a_link = shown.compare(i, 3, "://") == 0;
      if (makes_a_link || special.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string code(std::string_view text, std::size_t limit) {
  std::string inner = printable(text, limit);
  if (inner.empty()) return {};
  // As many backticks around it as are not in it; a bar would end the cell even there.
  std::size_t longest = 0;
  std::size_t run = 0;
  std::string shown;
  for (const char c : inner) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') shown += '\\';
    shown += c;
  }
  const std::string fence(longest + 1, '`');
  const char* const space = longest > 0 ? " " : "";
  return fence + space + shown + space + fence;
}

}  // namespace nsbench::markup
