#include "reports/formats/kcidb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/formats/dotted.h"
#include "reports/formats/splats.h"
#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/json_layout.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_excerpt = 16384;  // characters; ours are counted in bytes
constexpr std::size_t longest_text = 1000;

std::string_view status_of(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::Pass:
      return "PASS";
    case VerdictKind::Fail:
      return "FAIL";
    case VerdictKind::Skip:
      return "SKIP";
    case VerdictKind::Broken:
      break;
  }
  return "ERROR";
}

// What all tests of one report share.
struct Run {
  std::string id;  // of the run: unique among all of this origin's
  std::string build_id;
  std::string_view origin;
  std::string started;  // RFC 3339, or empty
  Json environment;
};

// "2026-01-15T09:30:00Z", as we write it; the report may be anybody's.
bool is_time(std::string_view text) {
  constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:ddZ";
  return text.size() == pattern.size() &&
         std::equal(text.begin(), text.end(), pattern.begin(), [](char c, char wanted) {
           return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
         });
}

// null is not allowed there, and an empty text says nothing.
void add(Json& out, const char* key, std::string_view text) {
  if (!text.empty()) out[key] = printable(text, longest_text);
}

std::string checkout_id(const KernelInfo& kernel, std::string_view origin) {
  return fmt::format("{}:{}:{}", origin, id_text(kernel.release), id_text(kernel.version));
}

std::string build_id(const KernelInfo& kernel, std::string_view origin) {
  return fmt::format("{}:{}", checkout_id(kernel, origin), id_text(kernel.machine));
}

std::string run_id(const Report& report) {
  const RunInfo& run = report.run;
  std::string id =
      fmt::format("{}:{}:{:x}", id_text(run.started), id_text(report.kernel.boot_id), run.seed);
  if (!run.lockstep.empty()) id += fmt::format(":{}-{}", id_text(run.lockstep), id_text(run.side));
  return id;
}

Json environment_json(const Report& report) {
  const Environment& environment = report.environment;
  const KernelInfo& kernel = report.kernel;
  Json misc = {{"cpus", environment.cpus},
               {"uid", environment.uid},
               {"initial_user_namespace", environment.initial_user_namespace},
               {"taint", kernel.taint}};
  add(misc, "release", kernel.release);
  add(misc, "version", kernel.version);
  add(misc, "machine", kernel.machine);
  add(misc, "cpu_model", environment.cpu_model);
  add(misc, "virtualisation", environment.virtualisation);
  add(misc, "engine", kernel.engine);
  add(misc, "clock", kernel.clock);
  add(misc, "seccomp", environment.seccomp);
  add(misc, "lsm", environment.lsm);
  return {{"comment", words::machine(report)}, {"misc", std::move(misc)}};
}

Json checkout_json(const KernelInfo& kernel, std::string_view origin) {
  Json out = {{"id", checkout_id(kernel, origin)}, {"origin", origin}};
  add(out, "comment", fmt::format("Linux {} {}", kernel.release, kernel.version));
  return out;
}

Json run_json(const Report& report) {
  const Summary summary = summarise(report);
  const Decision decision = decide(report);
  Json out = {{"workload_version", report.run.workload_version},
              {"interrupted", report.run.interrupted},
              {"decision", decision.id()},
              {"controls_leaked", summary.controls_leaked},
              {"controls_total", summary.controls_total}};
  add(out, "version", report.run.version);
  add(out, "suite", report.run.suite);
  Json& warnings = out["warnings"] = Json::array();
  for (const Warning& warning : report.warnings) {
    warnings.push_back(
        {{"code", printable(warning.code)}, {"text", printable(warning.text, longest_text)}});
  }
  return out;
}

Json build_json(const KernelInfo& kernel, std::string_view origin) {
  Json out = {{"id", build_id(kernel, origin)},
              {"origin", origin},
              {"checkout_id", checkout_id(kernel, origin)}};
  std::string architecture = id_text(kernel.machine);
  std::replace_if(
      architecture.begin(), architecture.end(),
      [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); }, '_');
  if (!architecture.empty()) out["architecture"] = architecture;
  out["misc"] = {{"runs", Json::object()}};
  return out;
}

// `name` is below "nsbench": a case, or a number of a benchmark.
Json test_json(const Run& run, const std::string& name, std::string_view status) {
  Json out = {{"id", fmt::format("{}:{}:{}", run.origin, run.id, name)},
              {"origin", run.origin},
              {"build_id", run.build_id},
              {"path", "nsbench." + name},
              {"status", status}};
  if (!run.started.empty()) out["start_time"] = run.started;
  return out;
}

std::string excerpt(const CaseResult& result) {
  std::string out;
  for (const words::Finding& finding : words::findings(result)) {
    std::string lines;
    if (!finding.rule.empty()) lines = fmt::format("rule: {}\n", printable(finding.rule, 2000));
    lines += fmt::format("expected: {}\nobserved: {}\n", printable(finding.expected, 2000),
                         printable(finding.observed, 2000));
    if (out.size() + lines.size() > longest_excerpt) break;
    out += lines;
  }
  return out;
}

Json case_json(const Run& run, const CaseResult& result) {
  Json out = test_json(run, dotted(result.id), status_of(result.verdict));
  if (std::isfinite(result.seconds)) out["duration"] = result.seconds;
  if (result.verdict != VerdictKind::Pass) out["log_excerpt"] = excerpt(result);
  Json& misc = out["misc"] = {{"id", result.id.str()}};
  if (result.skip) misc["reason"] = id(*result.skip);
  if (result.err != 0) misc["errno"] = errno_name(result.err);
  out["environment"] = run.environment;
  return out;
}

Json kernel_json(const Run& run, const KernelInfo& kernel) {
  const std::vector<Splat> all = splats_of(kernel);
  const std::string name = fmt::format("{}.{}", splats::family, splats::probe);
  Json out = test_json(run, name, all.empty() ? "PASS" : "FAIL");
  if (!all.empty()) {
    std::string log = splats::all(all, longest_excerpt);
    if (log.empty()) log = headline(all.front());
    out["log_excerpt"] = std::move(log);
    Json& misc = out["misc"] = {{"splats", Json::array()}};
    for (const Splat& splat : all) misc["splats"].push_back(printable(splat.kind, 60));
  }
  out["environment"] = run.environment;
  return out;
}

struct Metric {
  const char* name;
  double value;
  bool known = true;
};

// Seconds and bytes, which the database's readers scale.
Json number_json(double value, const std::string& unit) {
  if (unit == "ns")
    return {{"value", std::round(value * 1e3) / 1e12}, {"unit", "s"}, {"prefix", "metric"}};
  if (unit == "bytes") return {{"value", value}, {"unit", "B"}, {"prefix", "binary"}};
  return {{"value", value}, {"unit", printable(unit, 60)}};
}

void append_series(Json& tests, const Run& run, const Series& series) {
  const std::string name = dotted(series.id);
  const auto finish = [&](Json test) {
    add(test, "comment", series.workload);
    test["misc"] = {{"id", series.id.str()}, {"calls", series.calls}};
    test["environment"] = run.environment;
    tests.push_back(std::move(test));
  };
  if (!series.is_result()) {
    Json test = test_json(run, name, series.skip ? "SKIP" : "ERROR");
    add(test, "log_excerpt", series.error.empty() ? "timed no call" : series.error);
    return finish(std::move(test));
  }
  const SeriesStatistics all = statistics_of(series);
  for (const Metric& metric :
       {Metric{"p25", all.p25}, Metric{"p50", all.p50}, Metric{"p90", all.p90},
        Metric{"p99", all.p99, all.has_p99()}, Metric{"min", all.min}, Metric{"mean", all.mean}}) {
    if (!metric.known || !std::isfinite(metric.value)) continue;
    Json test = test_json(run, fmt::format("{}.{}", name, metric.name), "DONE");
    test["number"] = number_json(metric.value, series.unit);
    finish(std::move(test));
  }
}

// The objects of one kind; one that several reports share stands there once.
class Objects {
 public:
  Json& at(const std::string& id, const Json& object) {
    const auto [place, is_new] = places_.emplace(id, all_.size());
    if (is_new) all_.push_back(object);
    return all_[place->second];
  }
  Json take() { return std::move(all_); }

 private:
  Json all_ = Json::array();
  std::map<std::string, std::size_t> places_;
};

}  // namespace

bool is_kcidb_origin(std::string_view origin) {
  return !origin.empty() && std::all_of(origin.begin(), origin.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string to_kcidb(std::span<const Report> reports, std::string_view origin) {
  Objects checkouts;
  Objects builds;
  Json tests = Json::array();
  std::map<std::string, int> seen;
  for (const Report& report : reports) {
    const KernelInfo& kernel = report.kernel;
    checkouts.at(checkout_id(kernel, origin), checkout_json(kernel, origin));
    Json& build = builds.at(build_id(kernel, origin), build_json(kernel, origin));
    Run run{run_id(report), build_id(kernel, origin), origin, "", environment_json(report)};
    if (is_time(report.run.started)) run.started = report.run.started;
    if (const int times = ++seen[run.id]; times > 1) run.id += fmt::format(":{}", times);
    build["misc"]["runs"][run.id] = run_json(report);
    for (const CaseResult& result : report.cases) {
      if (!result.id.control) tests.push_back(case_json(run, result));
    }
    for (const Series& series : report.series) append_series(tests, run, series);
    if (splats::is_told(kernel)) tests.push_back(kernel_json(run, kernel));
  }
  return lay_out({{"version", {{"major", 5}, {"minor", 3}}},
                  {"checkouts", checkouts.take()},
                  {"builds", builds.take()},
                  {"tests", std::move(tests)}});
}

}  // namespace nsbench
