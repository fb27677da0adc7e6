#include "reports/splat.h"

#include <algorithm>

#include "reports/printable.h"

namespace nsbench {
namespace {

const SplatKind* find(std::string_view id) {
  const auto* const found = std::find_if(splat_kinds.begin(), splat_kinds.end(),
                                         [id](const SplatKind& kind) { return kind.id == id; });
  return found == splat_kinds.end() ? nullptr : found;
}

// What only frames a splat: "------------[ cut here ]------------", "=====", an empty line.
bool is_frame(std::string_view line) {
  return line.find("[ cut here ]") != std::string_view::npos ||
         line.find_first_not_of("=-*# \t\r") == std::string_view::npos;
}

// The length of "[  anything but brackets]" at the start of `line`; 0 if there is none.
std::size_t bracketed(std::string_view line, std::string_view allowed) {
  if (!line.starts_with('[')) return 0;
  const std::size_t end = line.find_first_not_of(allowed, 1);
  return end != std::string_view::npos && end > 1 && line[end] == ']' ? end + 1 : 0;
}

}  // namespace

bool is_splat_kind(std::string_view id) { return find(id) != nullptr; }

std::string_view title_of_splat(std::string_view id) {
  const SplatKind* const kind = find(id);
  return kind == nullptr ? id : kind->title;
}

std::string_view without_printk_prefix(std::string_view line) {
  if (line.size() > 2 && line[0] == '<' && line[1] >= '0' && line[1] <= '9') {
    const std::size_t end = line.find('>');
    if (end <= 4) line.remove_prefix(end + 1);
  }
  if (const std::size_t time = bracketed(line, " .0123456789"); time > 0) {
    line.remove_prefix(time);
    const std::string_view rest = line.substr(line.starts_with(' ') ? 1 : 0);
    // The caller follows the time with no space, or with one in what some tools reprint.
    const std::size_t caller = bracketed(rest, " TC0123456789");
    if (caller > 0) line = rest.substr(caller);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

std::string headline(const Splat& splat) {
  std::string_view rest = splat.excerpt;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = without_printk_prefix(rest.substr(0, end));
    if (!is_frame(line)) return printable(line, 160);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return printable(title_of_splat(splat.kind));
}

}  // namespace nsbench
