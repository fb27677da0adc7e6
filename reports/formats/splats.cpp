#include "reports/formats/splats.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/printable.h"

namespace nsbench::splats {

bool is_told(const KernelInfo& kernel) {
  return kernel.engine != "bare" || !splats_of(kernel).empty();
}

Outcome outcome_of(const KernelInfo& kernel, const Ruling& judged) {
  const std::size_t count = splats_of(kernel).size();
  if (count == 0) return Outcome::Well;
  return judged.allowed_splats.size() >= count ? Outcome::Known : Outcome::Unwell;
}

std::string title(const Splat& splat) {
  std::string out = printable(title_of_splat(splat.kind), 100);
  if (!splat.running.empty()) out += fmt::format(", while {} ran", printable(splat.running, 400));
  return out;
}

std::vector<std::string> lines(const Splat& splat, std::size_t most) {
  std::vector<std::string> out;
  std::string_view rest = splat.excerpt;
  while (!rest.empty() && out.size() < most) {
    const std::size_t end = rest.find('\n');
    out.push_back(printable(rest.substr(0, end), 400));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (!rest.empty()) {
    const auto left = std::count(rest.begin(), rest.end(), '\n') + (rest.ends_with('\n') ? 0 : 1);
    out.push_back(fmt::format("(and {} more lines)", left));
  }
  return out;
}

std::string all(const std::vector<Splat>& splats, std::size_t limit) {
  constexpr std::size_t most_lines = 60;
  std::string out;
  for (const Splat& splat : splats) {
    std::string one = title(splat) + '\n';
    for (const std::string& line : lines(splat, most_lines)) one += line + '\n';
    if (out.size() + one.size() > limit) break;
    out += one;
  }
  return out;
}

}  // namespace nsbench::splats
