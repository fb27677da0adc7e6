#include "reports/formats/terminal.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsbench {
namespace {

std::string_view color_of(Tone tone) {
  switch (tone) {
    case Tone::Plain:
      return "";
    case Tone::Strong:
      return "1";
    case Tone::Faint:
      return "2";
    case Tone::Good:
      return "32";
    case Tone::Bad:
      return "1;31";
    case Tone::Doubt:
      return "1;35";
    case Tone::Left:
      return "33";
  }
  return "";
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

}  // namespace

std::string paint(std::string_view text, Tone tone, bool color) {
  const std::string_view code = color_of(tone);
  if (!color || code.empty() || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent, std::size_t used) {
  std::string out;
  std::size_t column = used;
  bool first_word = true;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    const std::size_t word_width = display_width(word);
    // A line that begins with :: is a command to GitHub's runner, which logs are read by.
    if (!first_word && column + 1 + word_width > width && !word.starts_with("::")) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!first_word) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word_width;
    first_word = false;
  }
  return out;
}

}  // namespace nsbench
