// Others' text on its way to a terminal: what comes out drives none, whatever comes, in whatever
// pieces.
#include "reports/terminal_filter.h"

#include <algorithm>
#include <string>

#include "reports/fuzz/check.h"
#include "reports/printable.h"

using namespace nsbench;

// The first byte says how many bytes arrive at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + static_cast<std::size_t>(data[0]) % 16;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const std::string whole = printable_lines(text);
  TerminalFilter filter;
  std::string pieces;
  for (std::size_t at = 0; at < text.size(); at += step)
    pieces += filter.feed(text.substr(at, step));
  pieces += filter.finish();
  fuzz::check(pieces == whole, "pieces make no difference");
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t length = utf8_length(std::string_view(whole).substr(at));
    fuzz::check(length > 0, "it is UTF-8");
    const auto first = static_cast<unsigned char>(whole[at]);
    fuzz::check(first >= ' ' || first == '\n' || first == '\t', "no control character is left");
    fuzz::check(first != 0x7f, "nor DEL");
    fuzz::check(first != 0xc2 || static_cast<unsigned char>(whole[at + 1]) >= 0xa0, "nor C1");
    at += length;
  }
  fuzz::check(printable_lines(whole) == whole, "what is printable is left as it is");
  fuzz::check(
      std::count(whole.begin(), whole.end(), '\n') == std::count(text.begin(), text.end(), '\n'),
      "lines stay lines");
  return 0;
}
