// From a comparison to the exit code.
#include <fmt/format.h>

#include <algorithm>

#include "reports/compare.h"

namespace nsbench {
namespace {

using Ids = std::vector<std::string>;

Ids with_change(const Comparison& comparison, Change change, const Excused& excused) {
  Ids ids;
  for (const SeriesComparison& series : comparison.series) {
    if (series.change == change && !excused.cases.contains(series.id))
      ids.push_back(series.id.str());
  }
  return ids;
}

Ids with_outcome(const Comparison& comparison, Outcome outcome, const Excused& excused) {
  Ids ids;
  for (const CaseComparison& result : comparison.cases) {
    if (result.outcome == outcome && !excused.cases.contains(result.id))
      ids.push_back(result.id.str());
  }
  return ids;
}

std::vector<const Splat*> new_splats(const Comparison& comparison, const Excused& excused) {
  std::vector<const Splat*> splats;
  for (std::size_t i = 0; i < comparison.splats.size(); ++i) {
    const ComparedSplat& one = comparison.splats[i];
    if (one.is_new && !excused.splats.contains(i)) splats.push_back(&one.splat);
  }
  return splats;
}

// A check on both sides, and whether both sides know its answer.
bool is_in_both(const CaseComparison& c) {
  return !c.benchmark && c.before != "missing" && c.after != "missing";
}
bool is_decided(const CaseComparison& c) {
  const auto known = [](const std::string& state) { return state == "pass" || state == "fail"; };
  return is_in_both(c) && known(c.before) && known(c.after);
}

std::vector<std::string> doubts(const Comparison& comparison) {
  std::vector<std::string> reasons;
  if (const Ids ids = with_outcome(comparison, Outcome::LostCoverage, {}); !ids.empty()) {
    reasons.push_back(named(ids, "case is no longer covered", "cases are no longer covered"));
  }
  if (comparison.interrupted) reasons.emplace_back("a run was interrupted");
  const std::vector<SeriesComparison>& series = comparison.series;
  if (!series.empty() &&
      std::none_of(series.begin(), series.end(), [](const auto& one) { return one.decided(); })) {
    reasons.push_back(fmt::format("not one of {} benchmarks could be told", series.size()));
  }
  const std::vector<CaseComparison>& cases = comparison.cases;
  if (std::any_of(cases.begin(), cases.end(), is_in_both) &&
      std::none_of(cases.begin(), cases.end(), is_decided)) {
    reasons.emplace_back("not one check could be told on both sides");
  }
  return reasons;
}

}  // namespace

Decision decide(const Comparison& comparison) {
  return comparison.ruled ? *comparison.ruled : decide(comparison, {});
}

Decision decide(const Comparison& comparison, const Excused& excused) {
  Decision decision;
  const auto failed = [&](const Ids& ids, std::string_view one, std::string_view many) {
    if (!ids.empty()) add_reason(decision, ExitCode::Failed, named(ids, one, many));
  };
  failed(with_outcome(comparison, Outcome::Regressed, excused), "check that passed fails",
         "checks that passed fail");
  failed(with_outcome(comparison, Outcome::Failing, excused),
         "check fails that base could not tell", "checks fail that base could not tell");
  if (const auto splats = new_splats(comparison, excused); !splats.empty()) {
    decision.about_kernel = decision.reasons.empty();
    add_reason(decision, ExitCode::Failed, "new since base: " + reason_of(splats));
  }
  failed(with_change(comparison, Change::Slower, excused), "benchmark is slower",
         "benchmarks are slower");
  for (std::string& doubt : doubts(comparison)) {
    add_reason(decision, ExitCode::Unknown, std::move(doubt));
  }
  return decision;
}

}  // namespace nsbench
