// What surrounds the results in the text report: the environment, and what was left out and why.
#include <fmt/format.h>

#include <algorithm>

#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"

namespace nsbench::text {
namespace {

constexpr std::size_t key_width = 10;

std::string processor(const Environment& environment) {
  std::vector<std::string> parts;
  if (environment.cpus <= 0) return printable(environment.cpu_model);
  if (!environment.cpu_model.empty()) parts.push_back(printable(environment.cpu_model));
  parts.push_back(counted(static_cast<std::uint64_t>(environment.cpus), "cpu", "cpus"));
  if (environment.mhz > 0) parts.push_back(fmt::format("{:.0f} MHz", environment.mhz));
  if (!environment.load_avg.empty()) {
    parts.push_back(fmt::format("load {:.2f}", environment.load_avg.front()));
  }
  return joined(parts, ", ");
}

std::string namespaces(const Environment& environment) {
  std::vector<std::string> has;
  std::vector<std::string> lacks;
  for (const auto& [name, available] : environment.namespaces) {
    (available ? has : lacks).push_back(printable(name));
  }
  std::string out = joined(has, " ");
  if (!lacks.empty()) out += fmt::format("; the kernel lacks {}", joined(lacks, " "));
  return out;
}

// Only limits that a run can reach; all of them once one was hit.
std::string limits(const Report& report) {
  constexpr std::int64_t plenty = 1024;
  const bool hit =
      std::any_of(report.cases.begin(), report.cases.end(),
                  [](const CaseResult& result) { return result.skip == SkipReason::Limit; });
  std::vector<std::string> parts;
  for (const auto& [name, value] : report.environment.limits) {
    if (hit || value < plenty) parts.push_back(fmt::format("{}={}", printable(name), value));
  }
  return joined(parts, " ");
}

void add(Skipped& group, const CaseId& id, const std::string& obstacle) {
  group.ids.push_back(id.str());
  const std::string shown = printable(obstacle, 400);
  if (shown.empty()) return;
  if (std::find(group.obstacles.begin(), group.obstacles.end(), shown) == group.obstacles.end()) {
    group.obstacles.push_back(shown);
  }
}

std::string skipped_group(const Skipped& group, const SkipReasonName& reason,
                          const TextOptions& options) {
  constexpr std::size_t obstacles_shown = 4;
  constexpr std::size_t ids_shown = 4;
  const auto width = static_cast<std::size_t>(options.width);
  const auto line = [&](std::string_view text, Tone tone) {
    return "    " + paint(wrap(text, width, 6, 4), tone, options.color) + '\n';
  };
  std::string out =
      fmt::format("  {}: {}\n", skip_counts(group), paint(reason.title, Tone::Left, options.color));
  for (std::size_t i = 0; i < std::min(group.obstacles.size(), obstacles_shown); ++i) {
    out += line(group.obstacles[i], Tone::Plain);
  }
  if (group.obstacles.size() > obstacles_shown) {
    out += line(fmt::format("and {} more", group.obstacles.size() - obstacles_shown), Tone::Plain);
  }
  if (group.ids.size() <= ids_shown) out += line(joined(group.ids, " "), Tone::Faint);
  return out;
}

}  // namespace

Skipped skipped_for(SkipReason reason, const Report& report) {
  Skipped out;
  for (const CaseResult& result : report.cases) {
    if (result.skip != reason || result.id.control) continue;
    ++out.cases;
    add(out, result.id, result.observed);
  }
  for (const Series& series : report.series) {
    if (series.skip != reason) continue;
    ++out.benchmarks;
    add(out, series.id, series.error);
  }
  return out;
}

std::string skip_counts(const Skipped& group) {
  std::vector<std::string> counts;
  if (group.cases > 0) counts.push_back(counted(group.cases, "case", "cases"));
  if (group.benchmarks > 0) {
    counts.push_back(counted(group.benchmarks, "benchmark", "benchmarks"));
  }
  return joined(counts, ", ");
}

std::vector<std::pair<std::string, std::string>> surroundings(const Report& report) {
  const Environment& environment = report.environment;
  std::vector<std::pair<std::string, std::string>> all{
      {"host", printable(environment.host_name)},
      {"cpu", processor(environment)},
      {"namespaces", namespaces(environment)},
      {"limits", limits(report)},
      {"lsm", printable(environment.lsm)},
      {"seccomp", printable(environment.seccomp)},
      {"no KVM", printable(report.kernel.accelerator_note, 400)}};
  if (report.kernel.taint != 0) all.emplace_back("taint", fmt::format("{}", report.kernel.taint));
  std::erase_if(all, [](const auto& one) { return one.second.empty(); });
  return all;
}

std::string environment(const Report& report, const TextOptions& options) {
  std::string out = heading("Environment", options);
  for (const auto& [key, value] : surroundings(report))
    out += field(key, value, key_width, options);
  return out;
}

std::string skipped(const Report& report, const TextOptions& options) {
  std::string out;
  for (const SkipReasonName& reason : skip_reasons) {
    const Skipped group = skipped_for(reason.reason, report);
    if (!group.ids.empty()) out += skipped_group(group, reason, options);
  }
  return out.empty() ? out : heading("Skipped", options) + out;
}

}  // namespace nsbench::text
