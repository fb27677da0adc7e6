#include "reports/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/printable.h"

namespace nsbench {
namespace {

// A sentence that names all would be as long as the report.
constexpr std::size_t ids_named = 3;

using Ids = std::vector<std::string>;

std::string listed(const Ids& ids) {
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), ids_named); ++i) {
    out += (i == 0 ? "" : ", ") + ids[i];
  }
  if (ids.size() > ids_named) out += fmt::format(" and {} more", ids.size() - ids_named);
  return out;
}

// The ids of the real cases (or the controls) with one verdict.
Ids cases_with(const Report& report, VerdictKind verdict, bool control) {
  Ids ids;
  for (const CaseResult& result : report.cases) {
    if (result.verdict == verdict && result.id.control == control) ids.push_back(result.id.str());
  }
  return ids;
}

Ids failed_cases(const Report& report, const Excused& excused) {
  Ids ids;
  for (const CaseResult& result : report.cases) {
    const bool failed = result.verdict == VerdictKind::Fail && !result.id.control;
    if (failed && !excused.cases.contains(result.id)) ids.push_back(result.id.str());
  }
  return ids;
}

Ids failed_series(const Report& report, const Excused& excused) {
  Ids ids;
  for (const Series& series : report.series) {
    const bool failed = !series.skip && !series.is_result();
    if (failed && !excused.cases.contains(series.id)) ids.push_back(series.id.str());
  }
  return ids;
}

Ids broken_controls(const Report& report) {
  Ids ids = cases_with(report, VerdictKind::Broken, true);
  const Ids failed = cases_with(report, VerdictKind::Fail, true);
  ids.insert(ids.end(), failed.begin(), failed.end());
  return ids;
}

// Why the run can't say that all is well, besides failures.
std::vector<std::string> doubts(const Report& report, const Summary& summary,
                                const Excused& excused) {
  std::vector<std::string> reasons;
  if (const Ids ids = cases_with(report, VerdictKind::Broken, false); !ids.empty()) {
    reasons.push_back(named(ids, "case is broken", "cases are broken"));
  }
  if (const Ids ids = broken_controls(report); !ids.empty()) {
    reasons.push_back(named(ids, "control did not leak", "controls did not leak"));
  }
  if (const Ids ids = failed_series(report, excused); !ids.empty()) {
    reasons.push_back(named(ids, "benchmark failed", "benchmarks failed"));
  }
  if (report.run.interrupted) reasons.emplace_back("the run was interrupted");
  const int timed = summary.series - summary.series_failed - summary.series_skipped;
  if (summary.pass + summary.fail + summary.broken + timed + summary.series_failed == 0) {
    reasons.push_back(fmt::format("nothing was checked and nothing was timed ({} skipped)",
                                  summary.skip + summary.series_skipped));
  }
  return reasons;
}

void count(Summary& summary, const CaseResult& result) {
  if (result.id.control) {
    if (result.verdict == VerdictKind::Skip) return;
    ++summary.controls_total;
    if (result.verdict == VerdictKind::Pass) ++summary.controls_leaked;
    return;
  }
  switch (result.verdict) {
    case VerdictKind::Pass:
      ++summary.pass;
      break;
    case VerdictKind::Fail:
      ++summary.fail;
      break;
    case VerdictKind::Skip:
      ++summary.skip;
      break;
    case VerdictKind::Broken:
      ++summary.broken;
      break;
  }
}

}  // namespace

std::string named(const std::vector<std::string>& ids, std::string_view one,
                  std::string_view many) {
  return fmt::format("{} {}: {}", ids.size(), ids.size() == 1 ? one : many, listed(ids));
}

std::string_view meaning(ExitCode code) {
  switch (code) {
    case ExitCode::Ok:
      return "all holds";
    case ExitCode::Failed:
      return "isolation is broken, the kernel was not well, or a comparison found something worse";
    case ExitCode::Usage:
      return "wrong usage or bad input";
    case ExitCode::Unknown:
      return "could not tell: a check is broken, the run was interrupted, or nothing was checked "
             "or "
             "could be compared";
  }
  return "";
}

ExitCode worse(ExitCode a, ExitCode b) {
  for (const ExitCode code : {ExitCode::Usage, ExitCode::Failed, ExitCode::Unknown}) {
    if (a == code || b == code) return code;
  }
  return ExitCode::Ok;
}

int bisect_status(ExitCode code) {
  constexpr int skip = 125;
  constexpr int stop = 128;
  switch (code) {
    case ExitCode::Ok:
    case ExitCode::Failed:
      return static_cast<int>(code);
    case ExitCode::Usage:
      return stop;
    case ExitCode::Unknown:
      break;
  }
  return skip;
}

Summary summarise(const Report& report) {
  Summary summary;
  for (const CaseResult& result : report.cases) count(summary, result);
  for (const Series& series : report.series) {
    ++summary.series;
    if (series.skip) {
      ++summary.series_skipped;
    } else if (!series.is_result()) {
      ++summary.series_failed;
    }
  }
  return summary;
}

std::string_view Decision::id() const {
  switch (code) {
    case ExitCode::Ok:
      return "ok";
    case ExitCode::Failed:
      return "fail";
    case ExitCode::Usage:
    case ExitCode::Unknown:
      break;
  }
  return "unknown";
}

void add_reason(Decision& decision, ExitCode code, std::string reason) {
  decision.code = worse(decision.code, code);
  decision.reasons.push_back(std::move(reason));
}

std::string reason_of(const std::vector<const Splat*>& splats) {
  const Splat& first = *splats.front();
  std::string reason = "1 kernel splat: ";
  if (splats.size() > 1) reason = fmt::format("{} kernel splats, the first: ", splats.size());
  reason += headline(first);
  if (!first.running.empty()) {
    reason += fmt::format(" (while {} ran)", printable(first.running, 200));
  }
  return reason;
}

Decision decide(const Report& report) { return decide(report, {}); }

Decision decide(const Report& report, const Excused& excused) {
  const Summary summary = summarise(report);
  Decision decision;
  if (const Ids ids = failed_cases(report, excused); !ids.empty()) {
    add_reason(decision, ExitCode::Failed, named(ids, "case failed", "cases failed"));
  }
  const std::vector<Splat> all = splats_of(report.kernel);
  std::vector<const Splat*> splats;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!excused.splats.contains(i)) splats.push_back(&all[i]);
  }
  if (!splats.empty()) {
    decision.about_kernel = decision.reasons.empty();
    add_reason(decision, ExitCode::Failed, reason_of(splats));
  }
  for (std::string& doubt : doubts(report, summary, excused)) {
    add_reason(decision, ExitCode::Unknown, std::move(doubt));
  }
  return decision;
}

}  // namespace nsbench
