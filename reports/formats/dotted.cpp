#include "reports/formats/dotted.h"

#include <fmt/format.h>

namespace nsbench {

std::string dotted(const CaseId& id) {
  std::string out = fmt::format("{}.{}", id.family, id.name);
  for (const auto& [key, value] : id.params) out += fmt::format(".{}-{}", key, value);
  out += fmt::format(".{}", nsbench::id(id.method));
  if (!id.variant.empty()) out += fmt::format("-{}", id.variant);
  out += fmt::format(".{}", nsbench::id(id.privilege));
  return id.control ? out + ".control" : out;
}

std::string id_text(std::string_view text, std::size_t limit) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("_.-").find(c) != std::string_view::npos;
    if (!kept) {
      gap = !out.empty();
      continue;
    }
    if (out.size() + (gap ? 2 : 1) > limit) break;
    if (gap) out += '_';
    gap = false;
    out += c;
  }
  return out;
}

}  // namespace nsbench
