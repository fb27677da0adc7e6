#include "suites/history/history_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/json_layout.h"

namespace nsbench::history {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json document() { return {{"schema", json_schema}, {"version", NSBENCH_VERSION}}; }

Json run_json(const Run& run) {
  const Summary& sum = run.summary;
  return {
      {"id", run.id},
      {"started", run.started},
      {"kernel", {{"release", run.release}, {"version", run.version}, {"machine", run.machine}}},
      {"host_name", run.host_name},
      {"machine_id", run.machine_id},
      {"cpu_model", run.cpu_model},
      {"cpus", run.cpus},
      {"engine", run.engine},
      {"clock", run.clock},
      {"boot_id", run.boot_id},
      {"taint", run.taint},
      {"nsbench", run.nsbench_version},
      {"build_type", run.build_type},
      {"workload_version", run.workload_version},
      {"suite", run.suite},
      {"command", run.command},
      {"seed", run.seed},
      {"seconds", number(run.seconds)},
      {"interrupted", run.interrupted},
      {"lockstep", text_or_null(run.lockstep)},
      {"side", text_or_null(run.side)},
      {"summary",
       {{"pass", sum.pass},
        {"fail", sum.fail},
        {"skip", sum.skip},
        {"broken", sum.broken},
        {"series", sum.series},
        {"series_failed", sum.series_failed},
        {"series_skipped", sum.series_skipped},
        {"exit_code", run.exit_code}}},
      {"warnings", run.warnings}};
}

Json timing_json(const Timing& timing) {
  return {{"id", timing.id},
          {"unit", timing.unit},
          {"typical", number(timing.typical)},
          {"p25", number(timing.p25)},
          {"p50", number(timing.p50)},
          {"p90", number(timing.p90)},
          {"p99", number(timing.p99)},
          {"min", number(timing.min)},
          {"calls", timing.calls},
          {"calls_per_timing", timing.calls_per_timing},
          {"verdict", text_or_null(timing.verdict)},
          {"reason", text_or_null(timing.reason)},
          {"note", timing.note}};
}

Json point_json(const Point& point, bool timed) {
  Json out = {{"run", point.run.id},
              {"started", point.run.started},
              {"release", point.run.release},
              {"version", point.run.version},
              {"side", text_or_null(point.run.side)},
              {"interrupted", point.run.interrupted}};
  if (timed) out["value"] = number(point.value);
  out["verdict"] = text_or_null(point.verdict);
  out["reason"] = text_or_null(point.reason);
  out["note"] = point.note;
  return out;
}

// Of two neighbouring points: the runs and kernels between which something changed.
Json between(const TrendLine& line, std::size_t before, std::size_t after) {
  const auto end = [&](std::size_t i) -> Json {
    const Run& run = line.points[i].run;
    return {{"run", run.id},
            {"release", run.release},
            {"version", run.version},
            {"started", run.started}};
  };
  return {end(before), end(after)};
}

Json line_json(const TrendLine& line) {
  const LineKey& key = line.key;
  const bool timed = !key.unit.empty();
  Json out = {{"machine", key.machine},     {"machine_id", key.machine_id},
              {"cpu_model", key.cpu_model}, {"engine", key.engine},
              {"clock", key.clock},         {"unit", text_or_null(key.unit)}};
  if (timed) {
    out["workload_version"] = key.workload_version;
    out["build_type"] = key.build_type;
    out["calls_per_timing"] = key.calls_per_timing;
    out["missing"] = line.changes.missing;
  }
  out["changes"] = Json::array();
  for (const Step& step : line.changes.steps) {
    out["changes"].push_back({{"kind", "step"},
                              {"between", between(line, step.last_before, step.first_after)},
                              {"before", step.before},
                              {"after", step.after},
                              {"percent", 100 * relative(step.before, step.after)},
                              {"p", step.p}});
  }
  for (const Drift& drift : line.changes.drifts) {
    out["changes"].push_back({{"kind", "drift"},
                              {"between", between(line, drift.first, drift.last)},
                              {"before", drift.before},
                              {"after", drift.after},
                              {"percent", 100 * relative(drift.before, drift.after)}});
  }
  for (const VerdictTurn& turn : line.turns) {
    out["changes"].push_back({{"kind", id(turn.turn)},
                              {"between", between(line, turn.before, turn.after)},
                              {"before", line.points[turn.before].verdict},
                              {"after", line.points[turn.after].verdict}});
  }
  out["points"] = Json::array();
  for (const Point& point : line.points) out["points"].push_back(point_json(point, timed));
  return out;
}

Json method_json(const ChangePointOptions& options) {
  return {{"name", change_point_method},
          {"scale", "log"},
          {"statistic", "energy distance, exponent 1"},
          {"significance", "permutation test"},
          {"alpha", options.alpha},
          {"permutations", options.permutations},
          {"permutations_of_long", options.permutations_of_long},
          {"long_stretch", long_stretch},
          {"min_segment", options.min_segment},
          {"threshold", options.threshold},
          {"seed", options.seed},
          {"needs", change_points_need(options)}};
}

}  // namespace

std::string list_json(const std::vector<Run>& runs) {
  Json out = document();
  out["runs"] = Json::array();
  for (const Run& run : runs) out["runs"].push_back(run_json(run));
  return lay_out(out);
}

std::string show_json(const Record& record) {
  Json out = document();
  out["run"] = run_json(record.run);
  out["checks"] = Json::array();
  for (const Check& check : record.checks) {
    out["checks"].push_back({{"id", check.id},
                             {"verdict", check.verdict},
                             {"reason", text_or_null(check.reason)},
                             {"note", check.note}});
  }
  out["benchmarks"] = Json::array();
  for (const Timing& timing : record.timings) out["benchmarks"].push_back(timing_json(timing));
  return lay_out(out);
}

std::string trend_json(const Trend& trend) {
  Json out = document();
  out["case"] = trend.name;
  out["benchmark"] = trend.benchmark;
  if (trend.benchmark) out["method"] = method_json(trend.options);
  out["left_out"] = {{"null_sides", trend.nulls}};
  out["lines"] = Json::array();
  for (const TrendLine& line : trend.lines) out["lines"].push_back(line_json(line));
  return lay_out(out);
}

}  // namespace nsbench::history
