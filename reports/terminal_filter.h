// Text of others on its way to a terminal, line by line: a guest's console, a message with a file's
// name in it.
#pragma once

#include <string>
#include <string_view>

namespace nsbench {

// Makes printable() of what comes, in whatever pieces; newlines and tabs stay, and the carriage
// returns before newlines go, since serial lines have them.
class TerminalFilter {
 public:
  // As much as can be said so far: a character that is cut off, or a carriage return, waits.
  std::string feed(std::string_view text);
  // What waited.
  std::string finish();

 private:
  std::string rest_;
};

// A whole text.
std::string printable_lines(std::string_view text);

}  // namespace nsbench
