#include "suites/history/trend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/inference.h"
#include "reports/printable.h"

namespace nsbench::history {
namespace {

LineKey key_of(const CaseName& name, const Point& point) {
  const Run& run = point.run;
  LineKey key{.machine = run.machine,
              .machine_id = run.machine_id,
              .cpu_model = run.cpu_model,
              .engine = run.engine,
              .clock = run.clock,
              .unit = name.unit};
  if (run.clock == "instructions") key.machine_id.clear();
  if (name.unit.empty()) return key;
  key.build_type = run.build_type;
  key.workload_version = run.workload_version;
  key.calls_per_timing = point.calls_per_timing;
  return key;
}

bool is_known(const std::string& verdict) { return verdict == "pass" || verdict == "fail"; }

std::vector<VerdictTurn> turns_of(const std::vector<Point>& points) {
  std::vector<VerdictTurn> turns;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const std::string& before = points[i - 1].verdict;
    const std::string& after = points[i].verdict;
    if (before == after || is_known(before) + is_known(after) == 0) continue;
    const Turn turn = !is_known(after)    ? Turn::Lost
                      : !is_known(before) ? Turn::Gained
                      : after == "fail"   ? Turn::Broke
                                          : Turn::Fixed;
    turns.push_back({turn, i - 1, i});
  }
  return turns;
}

ChangePoints changes_of(const TrendLine& line, const ChangePointOptions& options) {
  std::vector<double> values;
  for (const Point& point : line.points) values.push_back(point.value);
  return find_change_points(values, options);
}

bool by_time(const Point& a, const Point& b) {
  return std::tie(a.run.started, a.run.id) < std::tie(b.run.started, b.run.id);
}

}  // namespace

std::string_view id(Turn turn) {
  switch (turn) {
    case Turn::Broke:
      return "broke";
    case Turn::Fixed:
      return "fixed";
    case Turn::Lost:
      return "lost";
    case Turn::Gained:
      return "gained";
  }
  return "";
}

Trend trend_of(std::string_view name, std::vector<std::pair<CaseName, std::vector<Point>>>&& cases,
               const ChangePointOptions& options) {
  Trend trend{.name = std::string(name), .options = options};
  std::map<LineKey, TrendLine> lines;
  for (auto& [case_name, points] : cases) {
    for (Point& point : points) {
      if (point.run.side == "null") {
        ++trend.nulls;
        continue;
      }
      if (point.run.interrupted) ++trend.interrupted;
      const LineKey key = key_of(case_name, point);
      lines[key].points.push_back(std::move(point));
    }
  }
  for (auto& [key, line] : lines) {
    line.key = key;
    if (key.unit.empty()) {
      line.turns = turns_of(line.points);
    } else {
      trend.benchmark = true;
      line.changes = changes_of(line, options);
    }
    trend.lines.push_back(std::move(line));
  }
  std::stable_sort(trend.lines.begin(), trend.lines.end(), [](const auto& a, const auto& b) {
    return by_time(b.points.back(), a.points.back());
  });
  return trend;
}

KernelLabels::KernelLabels(const TrendLine& line) {
  std::map<std::string, std::set<std::string>> versions;
  for (const Point& point : line.points) versions[point.run.release].insert(point.run.version);
  for (const auto& [release, its] : versions) {
    if (its.size() > 1) ambiguous_.push_back(release);
  }
}

std::string KernelLabels::of(const Run& run) const {
  constexpr std::size_t most = 60;
  const bool plain = !std::binary_search(ambiguous_.begin(), ambiguous_.end(), run.release);
  return printable(plain ? run.release : run.release + ' ' + run.version, most);
}

std::vector<KernelGroup> kernel_groups(const TrendLine& line) {
  std::vector<KernelGroup> groups;
  const std::vector<Point>& points = line.points;
  for (std::size_t begin = 0; begin < points.size();) {
    std::size_t end = begin + 1;
    const Run& first = points[begin].run;
    while (end < points.size() && points[end].run.release == first.release &&
           points[end].run.version == first.version) {
      ++end;
    }
    std::vector<double> values;
    for (std::size_t i = begin; i < end; ++i) {
      if (std::isfinite(points[i].value)) values.push_back(points[i].value);
    }
    KernelGroup group{begin, end, values.size(), Timing::none, Timing::none, Timing::none};
    if (!values.empty()) {
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      group.least = *least;
      group.most = *most;
      group.median = median(std::move(values));
    }
    groups.push_back(group);
    begin = end;
  }
  return groups;
}

std::string describe(const TrendLine& line) {
  constexpr std::size_t most = 80;
  const LineKey& key = line.key;
  std::set<std::string> hosts;
  for (const Point& point : line.points) hosts.insert(point.run.host_name);
  std::string text = hosts.size() == 1 ? printable(*hosts.begin(), most)
                                       : fmt::format("{} host names", hosts.size());
  text += fmt::format(", {} {}, {}", printable(key.cpu_model, most), printable(key.machine, most),
                      printable(key.engine, most));
  if (key.unit.empty()) return text;
  text += fmt::format(", {} clock, workloads of version {}", printable(key.clock, most),
                      key.workload_version);
  if (key.calls_per_timing > 1) text += fmt::format(", {} calls a timing", key.calls_per_timing);
  if (key.build_type != "release") text += fmt::format(", {} build", printable(key.build_type, 20));
  return text;
}

}  // namespace nsbench::history
