#include "suites/selftest/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace nsbench::selftest {

void Baseline::add(std::vector<CaseResult> cases) {
  for (CaseResult& result : cases) {
    if (result.id.control || !verdicts_.emplace(result.id, result.verdict).second) continue;
    cases_.push_back(std::move(result));
  }
}

std::vector<const CaseResult*> Baseline::unfit() const {
  std::vector<const CaseResult*> unfit;
  for (const CaseResult& result : cases_) {
    if (!fit(result.id)) unfit.push_back(&result);
  }
  return unfit;
}

bool Baseline::fit(const CaseId& id) const {
  const auto known = verdicts_.find(id);
  return known != verdicts_.end() &&
         (known->second == VerdictKind::Pass || known->second == VerdictKind::Skip);
}

bool Baseline::skipped(const CaseId& id) const {
  const auto known = verdicts_.find(id);
  return known != verdicts_.end() && known->second == VerdictKind::Skip;
}

std::string_view id(LieOutcome::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"noticed", "not-noticed", "left-out", "unknown"};
  return names.at(static_cast<std::size_t>(kind));
}

LieOutcome judge_lie(const Lie& lie, const Baseline& baseline, const Result<TracedResult>& result) {
  LieOutcome outcome;
  outcome.lie = &lie;
  if (!result) {
    outcome.why = result.error().str();
    return outcome;
  }
  outcome.changes = result->changes;
  std::size_t fit = 0;
  std::size_t skipped_before = 0;
  for (const CaseResult& one : result->cases) {
    if (one.id.control || !baseline.fit(one.id)) continue;
    ++fit;
    skipped_before += baseline.skipped(one.id) ? 1 : 0;
    outcome.passed += one.verdict == VerdictKind::Pass ? 1 : 0;
    outcome.skipped += one.verdict == VerdictKind::Skip ? 1 : 0;
    outcome.broken += one.verdict == VerdictKind::Broken ? 1 : 0;
    if (one.verdict == VerdictKind::Fail) outcome.failed.push_back(one.id);
  }
  if (!outcome.failed.empty()) {
    outcome.kind = LieOutcome::Kind::Noticed;
  } else if (result->cases.empty()) {
    outcome.why = fmt::format("\"{}\" names no case", lie.cases);
  } else if (fit == skipped_before) {
    outcome.kind = LieOutcome::Kind::LeftOut;
  } else if (result->interrupted) {
    outcome.why = "its cases took too long";
  } else {
    outcome.kind = LieOutcome::Kind::NotNoticed;
    if (outcome.changes == 0) outcome.why = "no case gave it an occasion";
  }
  return outcome;
}

std::vector<std::string> SelftestReport::suspects() const {
  if (!complete || !thorough) return {};
  std::set<std::string> turned;
  for (const LieOutcome& outcome : lies) {
    for (const CaseId& id : outcome.failed) turned.insert(id.subject());
  }
  std::vector<std::string> suspects;
  for (const CaseResult& result : baseline.cases()) {
    const std::string subject = result.id.subject();
    if (result.verdict != VerdictKind::Pass || turned.contains(subject)) continue;
    if (std::find(suspects.begin(), suspects.end(), subject) == suspects.end()) {
      suspects.push_back(subject);
    }
  }
  return suspects;
}

std::vector<FamilyScore> scores(const SelftestReport& report) {
  std::vector<FamilyScore> all;
  for (const LieOutcome& outcome : report.lies) {
    const std::string family(outcome.lie->row.substr(0, outcome.lie->row.find('/')));
    auto found = std::find_if(all.begin(), all.end(),
                              [&family](const FamilyScore& one) { return one.family == family; });
    if (found == all.end()) found = all.insert(all.end(), {family});
    const bool noticed = outcome.kind == LieOutcome::Kind::Noticed;
    found->noticed += noticed ? 1 : 0;
    found->told += noticed || outcome.kind == LieOutcome::Kind::NotNoticed ? 1 : 0;
  }
  return all;
}

ExitCode decide(const SelftestReport& report) {
  ExitCode code = ExitCode::Ok;
  bool any = false;
  for (const LieOutcome& outcome : report.lies) {
    any = any || outcome.kind == LieOutcome::Kind::Noticed;
    if (outcome.kind == LieOutcome::Kind::NotNoticed) return ExitCode::Failed;
    if (outcome.kind == LieOutcome::Kind::Unknown) code = ExitCode::Unknown;
  }
  return any ? code : ExitCode::Unknown;
}

}  // namespace nsbench::selftest
