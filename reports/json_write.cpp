// The report as JSON: what to_json() writes.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/detectable.h"
#include "reports/gate.h"
#include "reports/json.h"
#include "reports/json_layout.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;

// Times have at most 3 decimals (a picosecond), seconds 6: more is noise, and would double the
// file. From 1e12 on a double's own steps are coarser than that.
constexpr double time_scale = 1e3;
constexpr double seconds_scale = 1e6;

double rounded(double value, double scale) {
  if (!std::isfinite(value) || std::abs(value) >= 1e12) return value;
  return std::round(value * scale) / scale;
}

// Whole numbers without ".0"; null for what JSON has no number for.
Json number(double value, double scale = time_scale) {
  if (!std::isfinite(value)) return nullptr;
  const double kept = rounded(value, scale);
  const bool whole = kept == std::trunc(kept) && std::abs(kept) < 1e15;
  return whole ? Json(static_cast<std::int64_t>(kept)) : Json(kept);
}

Json seconds(double value) { return number(value, seconds_scale); }

template <class Name>
Json name_or_null(const std::optional<Name>& value) {
  return value ? Json(id(*value)) : Json(nullptr);
}

Json caches_json(const std::vector<CacheInfo>& caches) {
  Json out = Json::array();
  for (const CacheInfo& cache : caches) {
    out.push_back({{"type", cache.type},
                   {"level", cache.level},
                   {"size", cache.size},
                   {"num_sharing", cache.num_sharing}});
  }
  return out;
}

Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) {
    if (std::isfinite(value)) out.push_back(number(value));
  }
  return out;
}

// What Google Benchmark's own tools look at.
Json context_json(const Report& report) {
  const Environment& environment = report.environment;
  const std::string program = report.run.command.substr(0, report.run.command.find(' '));
  return {{"date", report.run.started},
          {"host_name", environment.host_name},
          {"executable", program.empty() ? "nsbench" : program},
          {"num_cpus", environment.cpus},
          {"mhz_per_cpu", static_cast<std::int64_t>(std::lround(environment.mhz))},
          {"caches", caches_json(environment.caches)},
          {"load_avg", numbers(environment.load_avg)},
          {"library_version", report.run.version},
          {"library_build_type", report.run.build_type},
          {"json_schema_version", 1}};
}

// One entry as Google Benchmark writes it. compare.py needs both times and the unit even of an
// entry that failed.
Json benchmark_json(const std::string& id, std::size_t family, std::size_t repetitions,
                    std::size_t repetition) {
  return {{"name", id},
          {"family_index", family},
          {"per_family_instance_index", 0},
          {"run_name", id},
          {"run_type", "iteration"},
          {"repetitions", repetitions},
          {"repetition_index", repetition},
          {"threads", 1}};
}

void append_times(Json& entry, std::uint64_t calls, Json real, Json cpu) {
  entry["iterations"] = calls;
  entry["real_time"] = std::move(real);
  entry["cpu_time"] = std::move(cpu);
  entry["time_unit"] = "ns";
}

void append_benchmarks(Json& out, const Series& series, std::size_t family) {
  if (series.skip) return;
  const std::string id = series.id.str();
  if (!series.is_result()) {
    Json entry = benchmark_json(id, family, 1, 0);
    entry["error_occurred"] = true;
    entry["error_message"] = series.error.empty() ? "timed no call" : series.error;
    append_times(entry, 0, 0, 0);
    out.push_back(std::move(entry));
    return;
  }
  for (std::size_t i = 0; i < series.batches.size(); ++i) {
    const Batch& batch = series.batches[i];
    if (!std::isfinite(batch.p25) || !std::isfinite(batch.cpu)) continue;
    Json entry = benchmark_json(id, family, series.batches.size(), i);
    append_times(entry, batch.calls, number(batch.p25), number(batch.cpu));
    out.push_back(std::move(entry));
  }
}

Json run_json(const RunInfo& run) {
  Json out = {{"schema", report_schema},
              {"version", run.version},
              {"build_type", run.build_type},
              {"workload_version", run.workload_version},
              {"command", run.command},
              {"suite", run.suite},
              {"seed", run.seed},
              {"started", run.started},
              {"seconds", seconds(run.seconds)},
              {"interrupted", run.interrupted}};
  if (run.budget > 0) out["budget"] = seconds(run.budget);
  if (!run.lockstep.empty()) out["lockstep"] = {{"id", run.lockstep}, {"side", run.side}};
  return out;
}

Json kernel_json(const KernelInfo& kernel) {
  Json out = {
      {"release", kernel.release},       {"version", kernel.version}, {"machine", kernel.machine},
      {"cmdline", kernel.cmdline},       {"engine", kernel.engine},   {"clock", kernel.clock},
      {"machine_id", kernel.machine_id}, {"boot_id", kernel.boot_id}, {"taint", kernel.taint}};
  if (kernel.taint_before) out["taint_before"] = *kernel.taint_before;
  Json& splats = out["splats"] = Json::array();
  for (const Splat& splat : kernel.splats) {
    splats.push_back(
        {{"kind", splat.kind}, {"excerpt", splat.excerpt}, {"running", splat.running}});
  }
  if (kernel.boot_seconds > 0) out["boot_seconds"] = seconds(kernel.boot_seconds);
  if (!kernel.config.empty()) out["config"] = kernel.config;
  if (!kernel.config_options.empty()) out["config_options"] = kernel.config_options;
  if (!kernel.accelerator_note.empty()) out["accelerator_note"] = kernel.accelerator_note;
  return out;
}

Json environment_json(const Environment& environment) {
  Json namespaces = Json::array();
  for (const auto& [name, available] : environment.namespaces) {
    namespaces.push_back({{"name", name}, {"available", available}});
  }
  return {{"host_name", environment.host_name},
          {"cpu_model", environment.cpu_model},
          {"cpus", environment.cpus},
          {"mhz", number(environment.mhz)},
          {"caches", caches_json(environment.caches)},
          {"load_avg", numbers(environment.load_avg)},
          {"virtualisation", environment.virtualisation},
          {"uid", environment.uid},
          {"initial_user_namespace", environment.initial_user_namespace},
          {"capabilities", environment.capabilities},
          {"missing_capabilities", environment.missing_capabilities},
          {"seccomp", environment.seccomp},
          {"lsm", environment.lsm},
          {"limits", environment.limits},
          {"namespaces", std::move(namespaces)}};
}

void append_errno(Json& out, int err) {
  if (err != 0) out["errno"] = errno_name(err);
}

Json statement_json(const Statement& statement) {
  Json out = {{"kind", id(statement.kind)},
              {"text", statement.text},
              {"expected", statement.expected},
              {"observed", statement.observed},
              {"holds", statement.holds}};
  append_errno(out, statement.err);
  return out;
}

Json case_json(const CaseResult& result) {
  Json out = {{"id", result.id.str()},
              {"family", result.id.family},
              {"probe", result.id.name},
              {"namespaces", result.namespaces},
              {"method", id(result.id.method)},
              {"variant", result.id.variant},
              {"privilege", id(result.id.privilege)},
              {"control", result.id.control},
              {"verdict", id(result.verdict)},
              {"reason", name_or_null(result.skip)},
              {"expected", result.expected},
              {"observed", result.observed}};
  append_errno(out, result.err);
  out["seconds"] = seconds(result.seconds);
  Json& statements = out["statements"] = Json::array();
  for (const Statement& statement : result.statements) {
    statements.push_back(statement_json(statement));
  }
  return out;
}

// What is derived must come out the same when the report is read and written again: so it is
// derived from the times as they stand in the file.
Series as_written(Series series) {
  std::erase_if(series.samples, [](double ns) { return !std::isfinite(ns); });
  for (double& ns : series.samples) ns = rounded(ns, time_scale);
  for (Batch& batch : series.batches) batch.p25 = rounded(batch.p25, time_scale);
  return series;
}

void append_statistics(Json& out, const Series& series) {
  const SeriesStatistics statistics = statistics_of(series);
  const bool timed = series.calls > 0;
  const auto known = [](bool is_known, double value) {
    return is_known ? number(value) : Json(nullptr);
  };
  out["p25"] = number(statistics.p25);
  out["p50"] = number(statistics.p50);
  out["p90"] = number(statistics.p90);
  out["p99"] = known(statistics.has_p99(), statistics.p99);
  out["p999"] = known(statistics.has_p999(), statistics.p999);
  out["min"] = known(timed, statistics.min);
  out["max"] = known(timed, statistics.max);
  out["mean"] = known(timed, statistics.mean);
  out["spread"] = number(statistics.spread, seconds_scale);
  const std::optional<double> detectable = detectable_in(series);
  out["detectable"] = detectable ? number(*detectable, seconds_scale) : Json(nullptr);
}

Json batch_json(const Batch& batch) {
  Json out = {{"t", seconds(batch.t)},
              {"p25", number(batch.p25)},
              {"min", number(batch.min)},
              {"cpu", number(batch.cpu)},
              {"n", batch.calls},
              {"seconds", seconds(batch.seconds)},
              {"drain", seconds(batch.drain)}};
  if (batch.mean > 0) out["mean"] = number(batch.mean);
  if (batch.pair >= 0) out["pair"] = batch.pair;
  if (batch.start > 0) out["start"] = batch.start;
  return out;
}

Json series_json(const Series& raw) {
  const Series series = as_written(raw);
  Json params = Json::object();
  for (const auto& [key, value] : series.id.params) params[key] = value;
  Json out = {{"id", series.id.str()},
              {"family", series.id.family},
              {"workload", series.workload},
              {"namespaces", series.namespaces},
              {"method", id(series.id.method)},
              {"variant", series.id.variant},
              {"privilege", id(series.id.privilege)},
              {"params", std::move(params)},
              {"unit", series.unit},
              {"calls_per_timing", series.calls_per_timing},
              {"calls", series.calls},
              {"failures", series.failures},
              {"error", series.error},
              {"skip", name_or_null(series.skip)},
              {"drained", series.drained},
              {"warmup_batches", series.warmup_batches}};
  append_statistics(out, series);
  Json& batches = out["batches"] = Json::array();
  for (const Batch& batch : series.batches) batches.push_back(batch_json(batch));
  out["samples"] = numbers(series.samples);
  return out;
}

Json summary_json(const Report& report) {
  const Summary summary = summarise(report);
  const Decision decision = decide(report);
  return {{"pass", summary.pass},
          {"fail", summary.fail},
          {"skip", summary.skip},
          {"broken", summary.broken},
          {"controls_leaked", summary.controls_leaked},
          {"controls_total", summary.controls_total},
          {"series", summary.series},
          {"series_failed", summary.series_failed},
          {"series_skipped", summary.series_skipped},
          {"decision", decision.id()},
          {"exit_code", static_cast<int>(decision.code)},
          {"reasons", decision.reasons}};
}

Json report_json(const Report& report) {
  Json out = {{"context", context_json(report)},
              {"benchmarks", Json::array()},
              {"nsbench", run_json(report.run)},
              {"kernel", kernel_json(report.kernel)},
              {"environment", environment_json(report.environment)},
              {"cases", Json::array()},
              {"series", Json::array()},
              {"summary", summary_json(report)},
              {"warnings", Json::array()}};
  for (std::size_t i = 0; i < report.series.size(); ++i) {
    append_benchmarks(out["benchmarks"], report.series[i], i);
    out["series"].push_back(series_json(report.series[i]));
  }
  for (const CaseResult& result : report.cases) out["cases"].push_back(case_json(result));
  for (const Warning& warning : report.warnings) {
    out["warnings"].push_back({{"code", warning.code}, {"text", warning.text}});
  }
  return out;
}

}  // namespace

std::string to_json(const Report& report) { return lay_out(report_json(report)); }

}  // namespace nsbench
