// What goes to a terminal: the one place that knows colours, and how wide a text is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nsbench {

// What a piece of text means; the colour follows from it.
enum class Tone : std::uint8_t { Plain, Strong, Faint, Good, Bad, Doubt, Left };

// `text` in the colour of its tone, or as it is without `color`.
std::string paint(std::string_view text, Tone tone, bool color);

// Columns that valid UTF-8 `text` takes: one for each character.
std::size_t display_width(std::string_view text);

// `text` broken at spaces into lines of at most `width` columns; all lines but the first begin with
// `indent` spaces. `used`: columns that are taken on the first line already. No newline at the end.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent, std::size_t used);

}  // namespace nsbench
