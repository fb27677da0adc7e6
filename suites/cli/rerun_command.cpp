// nsbench rerun: one case again, with every step, call and errno shown.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bench/session.h"
#include "probes/check.h"
#include "reports/case_id.h"
#include "reports/file.h"
#include "reports/formats/text.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"
#include "reports/statistics.h"
#include "suites/cli/command.h"
#include "suites/cli/rights.h"
#include "suites/cli/terminal.h"
#include "suites/plan.h"

namespace nsbench::cli {

namespace {

ExitCode exit_code_of(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::Pass:
    case VerdictKind::Skip:
      return ExitCode::Ok;
    case VerdictKind::Fail:
      return ExitCode::Failed;
    case VerdictKind::Broken:
      return ExitCode::Unknown;
  }
  return ExitCode::Unknown;
}

std::string steps(const Transcript& transcript) {
  std::string text;
  for (const Entry& entry : transcript.entries()) {
    text += fmt::format("{:<8} {}\n", entry.side, entry.act);
    for (const Fact& fact : entry.seen.facts()) {
      text += fmt::format("{:<10}{:<32} {}\n", "", printable(fact.name), printable(fact.str()));
    }
  }
  return text;
}

std::string rules(const CaseResult& result) {
  std::string text;
  for (const Statement& s : result.statements) {
    const bool leak_wanted = result.id.control && s.kind == Statement::Kind::Isolation;
    text += fmt::format("{:<6} {}\n", s.holds != leak_wanted ? "ok" : "WRONG", s.text);
    text += fmt::format("       expected {}{}\n       observed {}\n",
                        leak_wanted ? "anything but " : "", printable(s.expected),
                        printable(s.observed));
  }
  return text;
}

ExitCode print(const std::string& text, ExitCode code) {
  const Status written = write_file("-", text);
  return written ? code : cant_write(written.error());
}

ExitCode rerun_check(const CheckCase& what, const Support& support) {
  CheckRun run = CheckRun::start(what, support);
  const CaseResult result = run.finish();
  std::string text = fmt::format("{}\n{}\nsource: {}\n\n", result.id.str(), what.probe->sentence,
                                 what.probe->source);
  if (what.control) {
    text += "A control: nothing is unshared, so every rule of isolation below must be broken.\n\n";
  }
  text += steps(run.transcript()) + "\n" + rules(result);
  text += fmt::format("\n{}{}: {}\n", id(result.verdict),
                      result.skip ? fmt::format(" ({})", id(*result.skip)) : "",
                      printable(result.observed));
  return print(text, exit_code_of(result.verdict));
}

// The same tables as a run's, and what they leave out.
std::string times(const Series& series) {
  const SeriesStatistics s = statistics_of(series);
  std::string text = fmt::format(
      "{}: min {:.0f}   p25 {:.0f}   p50 {:.0f}   p90 {:.0f}   p99 {:.0f}   p99.9 {:.0f}   "
      "max {:.0f}   mean {:.0f}\n",
      series.unit, s.min, s.p25, s.p50, s.p90, s.p99, s.p999, s.max, s.mean);
  if (series.calls_per_timing > 1) {
    text += fmt::format("{} calls are timed at once\n", series.calls_per_timing);
  }
  Report report;
  report.series.push_back(series);
  const TextOptions options{.width = columns(STDOUT_FILENO), .histogram = true};
  return text + "\n" + text::timings(report, options) + "\n" + text::histograms(report, options);
}

std::string batches(const Series& series) {
  std::string text = fmt::format("{:>5} {:>9} {:>8} {:>10} {:>10} {:>10} {:>9} {:>9}\n", "batch",
                                 "at s", "calls", "p25", "min", "cpu ns", "s calls", "s drain");
  for (std::size_t i = 0; i < series.batches.size(); ++i) {
    const Batch& b = series.batches[i];
    text += fmt::format("{:>5} {:>9.3f} {:>8} {:>10.1f} {:>10.1f} {:>10.0f} {:>9.4f} {:>9.4f}\n", i,
                        b.t, b.calls, b.p25, b.min, b.cpu, b.seconds, b.drain);
  }
  return text;
}

ExitCode rerun_benchmark(const BenchCase& what, double seconds, const Support& support) {
  SessionOptions session;
  session.seconds_per_case = seconds;
  std::vector<Warning> warnings;
  const std::vector<Series> all = run_session({&what, 1}, session, support, warnings);
  const Series& series = all.front();
  std::string text = fmt::format("{}\n{}\n\n", series.id.str(), series.workload);
  if (!series.error.empty()) {
    text += fmt::format("{} of {} calls failed: {}\n", series.failures,
                        series.calls + series.failures, printable(series.error));
  }
  if (series.calls > 0) text += times(series) + "\n" + batches(series);
  for (const Warning& warning : warnings) {
    text += fmt::format("warning ({}): {}\n", warning.code, warning.text);
  }
  return print(text, series.is_result() || series.skip ? ExitCode::Ok : ExitCode::Unknown);
}

ExitCode rerun(const std::string& text, double seconds) {
  const Result<CaseId> wanted = CaseId::parse(text);
  if (!wanted) {
    complain(wanted.error().str());
    return ExitCode::Usage;
  }
  keep_rights_of_harness();
  const Support support = Support::look();
  for (const CheckCase& c : all_check_cases()) {
    if (c.id() == *wanted) return rerun_check(c, support);
  }
  for (const BenchCase& c : all_bench_cases()) {
    if (c.id() == *wanted) return rerun_benchmark(c, seconds, support);
  }
  complain(fmt::format("there is no case \"{}\"; nsbench list --cases names them all", text));
  return ExitCode::Usage;
}

}  // namespace

Action add_rerun(CLI::App& app) {
  struct Options {
    std::string id;
    double seconds = 1;
  };
  const auto options = std::make_shared<Options>();
  app.add_option("ID", options->id, "A case id, as tables and reports name it")->required();
  app.add_option("--time", options->seconds, "Seconds for a benchmark")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  return [options](const std::string&) { return rerun(options->id, options->seconds); };
}

}  // namespace nsbench::cli
