#include "reports/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "reports/hidden.h"

namespace nsbench {
namespace {

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// How many bytes the first one announces; 0 if it can't start a character.
std::size_t announced_length(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

struct Range {
  char32_t first, last;
};
constexpr std::array hidden{
    // ascending
    Range{0x00, 0x1f},       // C0
    Range{0x7f, 0x9f},       // DEL and C1
    Range{0x61c, 0x61c},     // ARABIC LETTER MARK
    Range{0x200b, 0x200f},   // no width, and marks of direction
    Range{0x2028, 0x202e},   // separators of lines; embeddings and overrides
    Range{0x2060, 0x206f},   // invisible operators, isolates
    Range{0xfeff, 0xfeff},   // byte order mark
    Range{0xfff9, 0xfffb},   // annotations
    Range{0xe0000, 0xe007f}  // tags
};

void append_escaped(std::string& out, std::string_view bytes) {
  if (bytes == "\n") {
    out += "\\n";
  } else if (bytes == "\t") {
    out += "\\t";
  } else {
    for (const char c : bytes) out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
  }
}

}  // namespace

char32_t code_point_of(std::string_view character) {
  const std::uint8_t first = byte(character, 0);
  if (character.size() == 1) return first;
  char32_t code = first & (0x7fU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i)
    code = code << 6U | (byte(character, i) & 0x3fU);
  return code;
}

bool is_hidden(std::string_view character) {
  const char32_t code = code_point_of(character);
  // Most text is ASCII: found in the first or second.
  const auto* const range =
      std::find_if(hidden.begin(), hidden.end(), [code](Range one) { return code <= one.last; });
  return range != hidden.end() && code >= range->first;
}

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const std::size_t length = announced_length(byte(text, 0));
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(text, i) & 0xc0U) != 0x80U) return 0;
  }
  if (length < 3) return length;
  const std::uint8_t first = byte(text, 0);
  const std::uint8_t second = byte(text, 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool beyond_unicode = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || beyond_unicode ? 0 : length;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    const std::string_view character = text.substr(at, length == 0 ? 1 : length);
    if (at + character.size() > limit) return out + "...";
    if (length == 0 || is_hidden(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    at += character.size();
  }
  return out;
}

}  // namespace nsbench
