// Any bytes as printable ASCII on one line, and back: for lines that go through a terminal or a
// serial console.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsbench {

enum class Spaces : std::uint8_t { Escaped, Kept };

// A '%' and whatever is not printable ASCII is written as %XX; spaces as well, or not.
std::string percent_encoded(std::string_view bytes, Spaces spaces = Spaces::Escaped);
// Nothing: `text` has a character that percent_encoded() never writes (a space among them only
// where spaces are escaped), or a '%' without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text, Spaces spaces = Spaces::Escaped);

}  // namespace nsbench
