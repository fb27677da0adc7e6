#include "reports/formats/tap.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

constexpr std::size_t longest_text = 1000;

std::size_t results_of(const Report& report) {
  const auto checks = std::count_if(report.cases.begin(), report.cases.end(),
                                    [](const CaseResult& result) { return !result.id.control; });
  return static_cast<std::size_t>(checks) + report.series.size() + (report.run.interrupted ? 1 : 0);
}

std::string all_results(const Report& report, TapLines& lines) {
  std::string out;
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) out += lines.result(result);
  }
  for (const Series& series : report.series) out += lines.result(series);
  if (report.run.interrupted) out += lines.broken("nsbench", "the run was interrupted");
  return out;
}

// One level of its own; without a version line at the top it is a subtest's.
std::string block(const Report& report, Tap dialect, const std::string& indent, bool& holds) {
  TapLines lines(dialect, results_of(report), indent);
  std::string out = lines.begin(report);
  out += all_results(report, lines);
  holds = lines.all_hold();
  return out + lines.end();
}

std::string nested(std::span<const Report> reports) {
  std::string out = fmt::format("KTAP version 1\n1..{}\n", reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i) {
    bool holds = false;
    out += block(reports[i], Tap::Ktap, "  ", holds);
    out += fmt::format("{} {} run {}\n", holds ? "ok" : "not ok", i + 1, i + 1);
  }
  return out;
}

std::string one_sequence(std::span<const Report> reports) {
  std::size_t planned = 0;
  for (const Report& report : reports) planned += results_of(report);
  TapLines lines(Tap::Tap13, planned);
  std::string out = lines.begin(reports.front());
  for (const Report& report : reports) out += all_results(report, lines);
  return out + lines.end();
}

}  // namespace

std::string TapLines::begin(const Report& report) const {
  const char* const version = dialect_ == Tap::Ktap ? "KTAP version 1" : "TAP version 13";
  std::string out = fmt::format("{}{}\n{}1..{}", indent_, version, indent_, planned_);
  if (planned_ == 0) out += " # SKIP nothing was checked";
  out += '\n';
  out += note(words::machine(report));
  std::string run = fmt::format("nsbench {}", printable(report.run.version));
  if (!report.run.suite.empty()) run += fmt::format(", suite {}", printable(report.run.suite));
  return out + note(fmt::format("{}, seed {}", run, report.run.seed));
}

std::string TapLines::note(std::string_view text) const {
  return fmt::format("{}# {}\n", indent_, printable(text, longest_text));
}

std::string TapLines::line(std::string_view result, std::string_view name,
                           std::string_view directive) {
  const char* const dash = dialect_ == Tap::Tap13 ? "- " : "";
  return fmt::format("{}{} {} {}{}{}{}\n", indent_, result, given(), dash, name,
                     directive.empty() ? "" : " # ", printable(directive, longest_text));
}

std::string TapLines::result(const CaseResult& result) {
  const std::string name = result.id.str();
  switch (result.verdict) {
    case VerdictKind::Pass:
      ++pass_;
      return line("ok", name);
    case VerdictKind::Skip:
      ++skip_;
      return line("ok", name,
                  fmt::format("SKIP {}: {}", result.skip ? id(*result.skip) : "", result.observed));
    case VerdictKind::Broken:
      return broken(name, result.observed);
    case VerdictKind::Fail:
      break;
  }
  std::string out = note(name + ":");
  for (const words::Finding& finding : words::findings(result)) {
    if (!finding.rule.empty()) out += note("  rule: " + finding.rule);
    out += note("  expected: " + finding.expected);
    out += note("  observed: " + finding.observed);
  }
  ++fail_;
  return out + line("not ok", name);
}

std::string TapLines::result(const Series& series) {
  const std::string name = series.id.str();
  if (series.skip) {
    ++skip_;
    return line("ok", name, fmt::format("SKIP {}: {}", id(*series.skip), series.error));
  }
  if (!series.is_result()) {
    return broken(name, series.error.empty() ? "timed no call" : series.error);
  }
  const SeriesStatistics times = statistics_of(series);
  std::string numbers =
      fmt::format("{}: unit={} calls={} p25={:.6g} p50={:.6g} p90={:.6g}", name,
                  printable(series.unit, 16), times.calls, times.p25, times.p50, times.p90);
  if (times.has_p99()) numbers += fmt::format(" p99={:.6g}", times.p99);
  numbers += fmt::format(" max={:.6g}", times.max);
  ++pass_;
  return note(numbers) + line("ok", name);
}

std::string TapLines::broken(std::string_view name, std::string_view why) {
  ++error_;
  return line("not ok", name, fmt::format("ERROR {}", why));
}

std::string TapLines::bail_out(std::string_view why) const {
  if (dialect_ == Tap::Tap13) return fmt::format("{}Bail out! {}\n", indent_, printable(why));
  return note(fmt::format("{}: {} of {} results are missing", why, planned_ - given(), planned_));
}

std::string TapLines::end() const {
  return note(fmt::format("Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:{}", pass_, fail_,
                          skip_, error_));
}

std::string to_tap(std::span<const Report> reports, Tap dialect) {
  bool holds = false;
  if (reports.size() == 1) return block(reports.front(), dialect, "", holds);
  return dialect == Tap::Ktap ? nested(reports) : one_sequence(reports);
}

}  // namespace nsbench
