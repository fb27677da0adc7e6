#include "reports/terminal_filter.h"

#include <algorithm>
#include <utility>

#include "reports/printable.h"

namespace nsbench {
namespace {

// How much of the end of `text` may be the start of something longer: less than four bytes of a
// character, or a carriage return.
std::size_t unfinished(std::string_view text) {
  if (text.ends_with('\r')) return 1;
  constexpr std::size_t longest = 4;
  for (std::size_t back = 1; back < longest && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    const std::size_t announced = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return announced > back ? back : 0;
  }
  return 0;
}

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    std::string_view part = text.substr(0, end);
    const bool line_ends = end < text.size() && text[end] == '\n';
    if (line_ends && part.ends_with('\r')) part.remove_suffix(1);
    out += printable(part, part.size());
    if (end < text.size()) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string TerminalFilter::feed(std::string_view text) {
  std::string all = std::move(rest_);
  all += text;
  const std::size_t waiting = unfinished(all);
  rest_ = all.substr(all.size() - waiting);
  all.erase(all.size() - waiting);
  return shown(all);
}

std::string TerminalFilter::finish() {
  const std::string last = std::exchange(rest_, "");
  return shown(last);
}

std::string printable_lines(std::string_view text) { return shown(text); }

}  // namespace nsbench
