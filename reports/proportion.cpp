#include "reports/proportion.h"

#include <fmt/format.h>

#include <array>

#include "reports/statistics.h"

namespace nsbench {
namespace {

constexpr std::string_view family = "network";
constexpr std::string_view lo_end = "_lo";
constexpr std::string_view delivery_end = "_mib";
constexpr std::array<std::string_view, 2> links{"veth", "bridge"};

// The same over another link; null: there is no such result.
const Series* beside(const Report& report, const Series& lo, const std::string& name) {
  CaseId wanted = lo.id;
  wanted.name = name;
  for (const Series& series : report.series) {
    if (series.id == wanted && series.is_result() && series.unit == lo.unit) return &series;
  }
  return nullptr;
}

}  // namespace

std::vector<InProportion> proportions_of(const Report& report) {
  std::vector<InProportion> all;
  for (const Series& lo : report.series) {
    if (lo.id.family != family || !lo.id.name.ends_with(lo_end) || !lo.is_result()) continue;
    const std::string what = lo.id.name.substr(0, lo.id.name.size() - lo_end.size());
    InProportion one{.lo = lo.id,
                     .what = fmt::format("{}/{}", family, what),
                     .unit = lo.unit,
                     .p50 = statistics_of(lo).p50,
                     .over = {},
                     .mebibytes = what.ends_with(delivery_end) && lo.unit == "ns" ? 1.0 : 0.0};
    if (!(one.p50 > 0)) continue;
    for (const std::string_view link : links) {
      const Series* const series = beside(report, lo, fmt::format("{}_{}", what, link));
      if (series == nullptr) continue;
      const double p50 = statistics_of(*series).p50;
      one.over.push_back({.link = std::string(link), .p50 = p50, .times_lo = p50 / one.p50});
    }
    if (!one.over.empty()) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace nsbench
