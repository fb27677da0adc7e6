#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsbench {
namespace {

bool is_failed_work(const Statement& statement) {
  return statement.kind == Statement::Kind::Works && !statement.holds;
}

// The case failed only in legal acts, and the control failed in every one of them too: then the
// namespace is not to blame.
bool failed_alike(const CaseResult& result, const CaseResult& control) {
  bool failed = false;
  for (const Statement& statement : result.statements) {
    if (statement.holds) continue;
    failed = true;
    const auto same = [&](const Statement& other) {
      return is_failed_work(other) && other.text == statement.text;
    };
    const bool in_control = std::any_of(control.statements.begin(), control.statements.end(), same);
    if (!is_failed_work(statement) || !in_control) return false;
  }
  return failed;
}

bool went_wrong(const CaseResult& control) {
  return control.verdict == VerdictKind::Broken || control.verdict == VerdictKind::Fail;
}

void settle(CaseResult& result, const CaseResult& control) {
  if (result.verdict == VerdictKind::Pass) {
    result.observed = fmt::format("the control did not leak, or went wrong ({}; observed: {})",
                                  control.expected, control.observed);
    result.err = control.err;
    result.verdict = VerdictKind::Broken;
  } else if (result.verdict == VerdictKind::Fail && failed_alike(result, control)) {
    result.observed = fmt::format("{} (and the same in the control)", result.observed);
    result.verdict = VerdictKind::Broken;
  }
}

}  // namespace

void settle_controls(std::vector<CaseResult>& cases) {
  std::map<CaseId, std::size_t> wrong;  // by the id of the real case beside it
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CaseResult& result = cases[i];
    if (!result.id.control || !went_wrong(result)) continue;
    result.verdict = VerdictKind::Broken;
    wrong.emplace(result.id.with_control(false), i);
  }
  for (CaseResult& result : cases) {
    const auto control = wrong.find(result.id);
    if (control != wrong.end()) settle(result, cases[control->second]);
  }
}

}  // namespace nsbench
