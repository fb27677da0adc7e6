// From a comparison to the exit code.
#include <fmt/format.h>

#include <algorithm>

#include "reports/compare.h"

namespace nsbench {
namespace {

using Ids = std::vector<std::string>;

Ids with_change(const Comparison& comparison, Change change) {
  Ids ids;
  for (const SeriesComparison& series : comparison.series) {
    if (series.change == change) ids.push_back(series.id.str());
  }
  return ids;
}

Ids with_outcome(const Comparison& comparison, Outcome outcome) {
  Ids ids;
  for (const CaseComparison& result : comparison.cases) {
    if (result.outcome == outcome) ids.push_back(result.id.str());
  }
  return ids;
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
  if (const Ids ids = with_outcome(comparison, Outcome::LostCoverage); !ids.empty()) {
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
  Decision decision;
  const auto failed = [&](const Ids& ids, std::string_view one, std::string_view many) {
    if (ids.empty()) return;
    decision.code = ExitCode::Failed;
    decision.reasons.push_back(named(ids, one, many));
  };
  failed(with_outcome(comparison, Outcome::Regressed), "check that passed fails",
         "checks that passed fail");
  failed(with_outcome(comparison, Outcome::Failing), "check fails that base could not tell",
         "checks fail that base could not tell");
  failed(with_change(comparison, Change::Slower), "benchmark is slower", "benchmarks are slower");
  const std::vector<std::string> unsure = doubts(comparison);
  if (!unsure.empty()) decision.code = worse(decision.code, ExitCode::Unknown);
  decision.reasons.insert(decision.reasons.end(), unsure.begin(), unsure.end());
  return decision;
}

}  // namespace nsbench
