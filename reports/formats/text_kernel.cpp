// What the kernel said of itself, and what a policy knew of the rest, in the text report.
#include <fmt/format.h>

#include <algorithm>

#include "reports/formats/splats.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"

namespace nsbench::text {
namespace {

constexpr std::size_t splats_shown = 5;

std::string shown(const Splat& splat, std::string_view note, const TextOptions& options) {
  constexpr std::size_t lines_shown = 16;
  const auto width = static_cast<std::size_t>(options.width);
  std::string out = "  " + paint(wrap(splats::title(splat), width, 4, 2), Tone::Bad, options.color);
  out += fmt::format("{}\n", note);
  for (const std::string& line : splats::lines(splat, lines_shown)) {
    out += fmt::format("    {}\n", line);
  }
  return out;
}

std::string more(std::size_t count, std::size_t shown) {
  return count > shown ? fmt::format("  and {} more\n", count - shown) : "";
}

void add(std::string& out, std::string_view what, const std::vector<KnownCase>& cases,
         const TextOptions& options) {
  constexpr std::size_t key_width = 10;
  for (const KnownCase& one : cases) {
    out += field(what, fmt::format("{}: {}", one.id.str(), one.str()), key_width, options);
  }
}

}  // namespace

std::string kernel(const Report& report, const TextOptions& options) {
  const std::vector<Splat> all = splats_of(report.kernel);
  if (all.empty()) return {};
  std::string out = heading("The kernel was not well", options);
  for (std::size_t i = 0; i < std::min(all.size(), splats_shown); ++i) {
    out += shown(all[i], "", options);
  }
  return out + more(all.size(), splats_shown);
}

std::string kernel(const Comparison& comparison, const TextOptions& options) {
  const std::vector<ComparedSplat>& all = comparison.splats;
  if (all.empty()) return {};
  std::string out = heading("The new kernel was not well", options);
  for (std::size_t i = 0; i < std::min(all.size(), splats_shown); ++i) {
    out += shown(all[i].splat, all[i].is_new ? " (new)" : " (as in base)", options);
  }
  return out + more(all.size(), splats_shown);
}

std::string policy(const Ruling& judged, const TextOptions& options) {
  std::string out;
  add(out, "XFAIL", judged.xfail, options);
  add(out, "XPASS", judged.xpass, options);
  add(out, "EXPIRED", judged.expired, options);
  for (const std::string& splat : judged.allowed_splats) {
    out += field("allowed", splat, 10, options);
  }
  return out.empty() ? out : heading("Known to the policy", options) + out;
}

}  // namespace nsbench::text
