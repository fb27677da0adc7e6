// Text that came from the system under test, made safe to show in a terminal or a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nsbench {

// `text` as one line of valid UTF-8: control characters (C0, DEL and C1) are written as \n, \t or
// \x1b, bytes that are not UTF-8 as \xff, so that a host name can't drive the reader's terminal.
// A text of more than `limit` bytes is cut, and ends in "...".
std::string printable(std::string_view text, std::size_t limit = 4096);

// The bytes of the UTF-8 character at the start of `text`, 0 if there is no valid one.
std::size_t utf8_length(std::string_view text);

}  // namespace nsbench
