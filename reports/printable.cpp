#include "reports/printable.h"

#include <fmt/format.h>

#include <cstdint>

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

bool is_control(std::string_view character) {
  const std::uint8_t first = byte(character, 0);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && byte(character, 1) < 0xa0;  // U+0080 .. U+009F, the C1 controls
}

// Characters that reorder or hide their neighbours: U+200B..U+200F, U+2028..U+202E and
// U+2066..U+2069 (the "Trojan Source" set), and the byte order mark.
bool is_invisible(std::string_view character) {
  if (character.size() != 3) return false;
  const std::uint8_t second = byte(character, 1);
  const std::uint8_t third = byte(character, 2);
  if (byte(character, 0) == 0xef) return second == 0xbb && third == 0xbf;
  if (byte(character, 0) != 0xe2) return false;
  if (second == 0x80) return (third >= 0x8b && third <= 0x8f) || (third >= 0xa8 && third <= 0xae);
  return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

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
    if (length == 0 || is_control(character) || is_invisible(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    at += character.size();
  }
  return out;
}

}  // namespace nsbench
