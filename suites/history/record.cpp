#include "suites/history/record.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <set>

#include "reports/inference.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench::history {
namespace {

// 2026-01-31T12:00:00Z: of one length, so that order by text is order in time.
bool is_time(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == 'd' ? !digit : text[i] != form[i]) return false;
  }
  return true;
}

std::string codes_of(const std::vector<Warning>& warnings) {
  std::set<std::string> codes;
  for (const Warning& warning : warnings) codes.insert(printable(warning.code, 60));
  std::string text;
  for (const std::string& code : codes) text += (text.empty() ? "" : " ") + code;
  return text;
}

Run run_of(const Report& report) {
  const KernelInfo& kernel = report.kernel;
  const RunInfo& run = report.run;
  return {.release = kernel.release,
          .version = kernel.version,
          .machine = kernel.machine,
          .machine_id = kernel.machine_id,
          .cpu_model = report.environment.cpu_model,
          .host_name = report.environment.host_name,
          .cpus = report.environment.cpus,
          .started = run.started,
          .seed = run.seed,
          .lockstep = run.lockstep,
          .side = run.side,
          .engine = kernel.engine,
          .clock = kernel.clock,
          .workload_version = run.workload_version,
          .nsbench_version = run.version,
          .build_type = run.build_type,
          .suite = run.suite,
          .command = run.command,
          .boot_id = kernel.boot_id,
          .taint = kernel.taint,
          .seconds = run.seconds,
          .interrupted = run.interrupted,
          .summary = summarise(report),
          .exit_code = static_cast<int>(decide(report).code),
          .warnings = codes_of(report.warnings)};
}

Check check_of(const CaseResult& result) {
  Check check{.id = result.id.str(), .verdict = std::string(id(result.verdict))};
  if (result.skip) check.reason = id(*result.skip);
  const bool seen = result.verdict == VerdictKind::Fail || result.verdict == VerdictKind::Broken;
  if (seen) check.note = printable(result.observed, max_note);
  return check;
}

Timing timing_of(const Series& series) {
  Timing timing{.id = series.id.str(),
                .unit = series.unit,
                .calls = static_cast<std::int64_t>(series.calls),
                .calls_per_timing = static_cast<std::int64_t>(series.calls_per_timing)};
  if (!series.is_result()) {
    timing.verdict = series.skip ? "skip" : "fail";
    if (series.skip) timing.reason = id(*series.skip);
    timing.note = printable(series.error, max_note);
    return timing;
  }
  const SeriesStatistics statistics = statistics_of(series);
  std::vector<double> batches;
  for (const Batch& batch : series.batches) {
    if (std::isfinite(batch.p25)) batches.push_back(batch.p25);
  }
  timing.typical = batches.empty() ? statistics.p25 : median(std::move(batches));
  timing.p25 = statistics.p25;
  timing.p50 = statistics.p50;
  timing.p90 = statistics.p90;
  if (statistics.has_p99()) timing.p99 = statistics.p99;
  timing.min = statistics.min;
  return timing;
}

}  // namespace

Result<Record> record_of(const Report& report) {
  if (!is_time(report.run.started)) {
    return Error{fmt::format("/nsbench/started: '{}' is no time (2026-01-31T12:00:00Z)",
                             printable(report.run.started, 60))};
  }
  Record record{.run = run_of(report)};
  for (const CaseResult& result : report.cases) record.checks.push_back(check_of(result));
  for (const Series& series : report.series) record.timings.push_back(timing_of(series));
  return record;
}

void Digest::add(std::string_view text) {
  for (const char c : text) byte(static_cast<unsigned char>(c));
  add(std::uint64_t{text.size()});
}
void Digest::add(std::uint64_t number) {
  for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(number >> (8U * i)));
}

std::uint64_t fingerprint(const Record& record) {
  Digest digest;
  for (const Check& check : record.checks) {
    for (const auto& text : {check.id, check.verdict, check.reason}) digest.add(text);
  }
  for (const Timing& timing : record.timings) {
    for (const auto& text : {timing.id, timing.unit, timing.verdict}) digest.add(text);
    for (const double value : {timing.typical, timing.p25, timing.p50, timing.p99, timing.min}) {
      digest.add(std::isfinite(value) ? std::bit_cast<std::uint64_t>(value) : 0);
    }
  }
  return digest.value();
}

}  // namespace nsbench::history
