// The parts of the text report, each in a file of its own: text.cpp puts them together.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "reports/case_id.h"
#include "reports/formats/terminal.h"
#include "reports/formats/text.h"
#include "reports/gate.h"
#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench::text {

// Each ends in a newline, or is empty if there is nothing to say.
std::string isolation(const Report& report, const TextOptions& options);
std::string failures(const Report& report, const TextOptions& options);
std::string timings(const Report& report, const TextOptions& options);
// How networks of containers compare with lo; empty where nothing of the kind was timed.
std::string proportions(const Report& report, const TextOptions& options);
// Empty unless options.histogram.
std::string histograms(const Report& report, const TextOptions& options);
std::string environment(const Report& report, const TextOptions& options);
std::string skipped(const Report& report, const TextOptions& options);
std::string kernel(const Report& report, const TextOptions& options);
std::string kernel(const Comparison& comparison, const TextOptions& options);
std::string policy(const Ruling& judged, const TextOptions& options);

// Every benchmark that was not skipped, as tables have them: by family, kind and parameters.
std::vector<const Series*> timed_in_order(const Report& report);
// Calls per second, with no more digits than are steady; "-" if not known.
std::string rate(double per_second);

// One thing that was found, and every case that found it.
struct Alike {
  const CaseResult* first = nullptr;
  std::vector<std::string> ids;
};
// The cases and controls with that verdict, in the order of tables; a case that only its broken
// control spoils is left out.
std::vector<Alike> alike(const Report& report, VerdictKind verdict);

// Everything that was skipped for one reason.
struct Skipped {
  std::size_t cases = 0, benchmarks = 0;
  std::vector<std::string> obstacles;  // what stood in the way, each once; printable()
  std::vector<std::string> ids;
};
Skipped skipped_for(SkipReason reason, const Report& report);
std::string skip_counts(const Skipped& group);  // "3 cases, 1 benchmark"

// What surrounds the results, by name: "cpu", "2 cpus, 3000 MHz". Nothing is empty.
std::vector<std::pair<std::string, std::string>> surroundings(const Report& report);

Tone tone_of(ExitCode code);
// "Failures", as a heading.
std::string heading(std::string_view title, const TextOptions& options);
// "  key       text", wrapped under itself.
std::string field(std::string_view key, std::string_view text, std::size_t key_width,
                  const TextOptions& options);
// "1 case", "12,345 calls"
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);
std::string grouped(std::uint64_t number);  // "12,345"
std::string joined(const std::vector<std::string>& parts, std::string_view separator);

// Where a family or a kind of namespace stands in tables: pid uts mnt ipc user net cgroup time
// nsfs calls all, then all others.
std::size_t rank(std::string_view name);
// Numbers in words by value: mounts=2 comes before mounts=10.
std::weak_ordering natural_order(std::string_view a, std::string_view b);
// Plain form before its variants, methods in their usual order.
using WayKey = std::tuple<Method, std::string>;
inline WayKey way_key(const CaseId& id) { return {id.method, id.variant}; }

}  // namespace nsbench::text
