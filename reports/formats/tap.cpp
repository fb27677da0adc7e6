#include "reports/formats/tap.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/formats/splats.h"
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
  return static_cast<std::size_t>(checks) + report.series.size() +
         (splats::is_told(report.kernel) ? 1 : 0) + (report.run.interrupted ? 1 : 0);
}

std::string all_results(const Report& report, TapLines& lines, const Judging& by) {
  const Ruling judged = judge(report, by);
  lines.judged_by(&judged);
  std::string out;
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) out += lines.result(result);
  }
  for (const Series& series : report.series) out += lines.result(series);
  if (splats::is_told(report.kernel)) out += lines.kernel(report.kernel);
  lines.judged_by(nullptr);
  if (report.run.interrupted) out += lines.broken("nsbench", "the run was interrupted");
  return out;
}

// One level of its own; without a version line at the top it is a subtest's.
std::string block(const Report& report, Tap dialect, const Judging& by, const std::string& indent,
                  bool& holds) {
  TapLines lines(dialect, results_of(report), indent);
  std::string out = lines.begin(report);
  out += all_results(report, lines, by);
  holds = lines.all_hold();
  return out + lines.end();
}

std::string nested(std::span<const Report> reports, const Judging& by) {
  std::string out = fmt::format("KTAP version 1\n1..{}\n", reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i) {
    bool holds = false;
    out += block(reports[i], Tap::Ktap, by, "  ", holds);
    out += fmt::format("{} {} run {}\n", holds ? "ok" : "not ok", i + 1, i + 1);
  }
  return out;
}

std::string one_sequence(std::span<const Report> reports, const Judging& by) {
  std::size_t planned = 0;
  for (const Report& report : reports) planned += results_of(report);
  TapLines lines(Tap::Tap13, planned);
  std::string out = lines.begin(reports.front());
  for (const Report& report : reports) out += all_results(report, lines, by);
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
  const bool is_known = judged_ != nullptr && find(judged_->xfail, result.id) != nullptr;
  switch (result.verdict) {
    case VerdictKind::Pass:
      if (judged_ != nullptr && find(judged_->xpass, result.id) != nullptr) ++xpass_;
      ++pass_;
      return note_of(result.id) + line("ok", name);
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
  if (is_known) return out + known_failure(result.id);
  ++fail_;
  return out + note_of(result.id) + line("not ok", name);
}

std::string TapLines::known_failure(const CaseId& id) {
  ++xfail_;
  return line("ok", id.str(), fmt::format("XFAIL {}", find(judged_->xfail, id)->str()));
}

// What the policy has to say of a case, beside its result.
std::string TapLines::note_of(const CaseId& id) const {
  if (judged_ == nullptr) return {};
  if (const KnownCase* const passed = find(judged_->xpass, id)) {
    return note(fmt::format("{}: XPASS: holds, though known to fail: {}", id.str(), passed->str()));
  }
  if (const KnownCase* const expired = find(judged_->expired, id)) {
    return note(fmt::format("{}: known failure has expired: {}", id.str(), expired->str()));
  }
  return {};
}

std::string TapLines::kernel(const KernelInfo& kernel) {
  constexpr std::size_t lines_shown = 40;
  std::string out;
  for (const Splat& splat : splats_of(kernel)) {
    out += note(fmt::format("{}: {}", splats::name, splats::title(splat)));
    for (const std::string& text : splats::lines(splat, lines_shown)) out += note("  " + text);
  }
  switch (splats::outcome_of(kernel, judged_ == nullptr ? Ruling() : *judged_)) {
    case splats::Outcome::Well:
      ++pass_;
      return out + line("ok", splats::name);
    case splats::Outcome::Known:
      ++xfail_;
      return out + line("ok", splats::name, "XFAIL the policy allows it");
    case splats::Outcome::Unwell:
      break;
  }
  ++fail_;
  return out + line("not ok", splats::name);
}

std::string TapLines::result(const Series& series) {
  const std::string name = series.id.str();
  if (series.skip) {
    ++skip_;
    return line("ok", name, fmt::format("SKIP {}: {}", id(*series.skip), series.error));
  }
  if (!series.is_result()) {
    if (judged_ != nullptr && find(judged_->xfail, series.id) != nullptr) {
      return note(series.error) + known_failure(series.id);
    }
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
  return note(fmt::format("Totals: pass:{} fail:{} xfail:{} xpass:{} skip:{} error:{}",
                          pass_ - xpass_, fail_, xfail_, xpass_, skip_, error_));
}

std::string to_tap(std::span<const Report> reports, Tap dialect, const Judging& by) {
  bool holds = false;
  if (reports.size() == 1) return block(reports.front(), dialect, by, "", holds);
  return dialect == Tap::Ktap ? nested(reports, by) : one_sequence(reports, by);
}

}  // namespace nsbench
