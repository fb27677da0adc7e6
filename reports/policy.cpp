#include "reports/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/printable.h"

namespace nsbench {
namespace {

bool is_of_kernel(const KnownIssue& issue, std::string_view release) {
  return !issue.kernels || found_in_lines(*issue.kernels, release);
}

// What judging one report, or one comparison, needs and finds.
class Judge {
 public:
  Judge(const Policy& policy, const Date& today, std::string_view release)
      : policy_(policy), today_(today), release_(release) {}

  void failed(const CaseId& id) {
    const KnownIssue* const issue = issue_of(id);
    if (issue == nullptr) return;
    if (today_ <= issue->expires) {
      judged_.xfail.push_back(known(id, *issue));
      excused_.cases.insert(id);
    } else {
      judged_.expired.push_back(known(id, *issue));
    }
  }
  void passed(const CaseId& id) {
    if (const KnownIssue* const issue = issue_of(id)) judged_.xpass.push_back(known(id, *issue));
  }
  void skipped(const CaseId& id, SkipReason reason) {
    const auto allows = [&](const AllowedSkip& skip) {
      return (!skip.reason || *skip.reason == reason) && skip.cases.matches(id);
    };
    const auto& all = policy_.allowed_skips;
    if (std::none_of(all.begin(), all.end(), allows)) skips_.insert(id);
  }
  void splat(std::size_t place, const Splat& splat) {
    const auto allows = [&](const AllowedSplat& one) {
      return one.kind == splat.kind && today_ <= one.expires &&
             found_in_lines(one.match, splat.excerpt);
    };
    const auto& all = policy_.allowed_splats;
    if (std::none_of(all.begin(), all.end(), allows)) return;
    excused_.splats.insert(place);
    judged_.allowed_splats.push_back(headline(splat));
  }
  void undecided(std::string what) { judged_.undecided.push_back(std::move(what)); }

  [[nodiscard]] const Excused& excused() const { return excused_; }

  // `decision` is what excused() left.
  Ruling with(Decision decision) {
    if (!judged_.expired.empty()) insert_expired(decision);
    for (const CaseId& id : skips_) judged_.unexpected_skips.push_back(id.str());
    if (!judged_.unexpected_skips.empty()) {
      add_reason(decision, ExitCode::Unknown,
                 named(judged_.unexpected_skips, "skip that the policy does not allow",
                       "skips that the policy does not allow"));
    }
    if (!judged_.undecided.empty()) {
      add_reason(decision, ExitCode::Unknown,
                 named(judged_.undecided, "required benchmark could not be told",
                       "required benchmarks could not be told"));
    }
    judged_.decision = std::move(decision);
    return std::move(judged_);
  }

 private:
  // One that has not expired wins.
  [[nodiscard]] const KnownIssue* issue_of(const CaseId& id) const {
    const KnownIssue* found = nullptr;
    for (const KnownIssue& issue : policy_.known_issues) {
      if (!is_of_kernel(issue, release_) || !issue.cases.matches(id)) continue;
      if (found == nullptr || issue.expires > found->expires) found = &issue;
    }
    return found;
  }

  static KnownCase known(const CaseId& id, const KnownIssue& issue) {
    return {.id = id, .owner = issue.owner, .reason = issue.reason, .expires = issue.expires};
  }

  // Behind the failures that it explains.
  void insert_expired(Decision& decision) const {
    std::vector<std::string> all;
    for (const KnownCase& one : judged_.expired) {
      all.push_back(fmt::format("{} (of {}, on {})", one.id.str(), printable(one.owner, 100),
                                one.expires.str()));
    }
    const bool already = decision.code == ExitCode::Failed && !decision.about_kernel;
    decision.code = worse(decision.code, ExitCode::Failed);
    decision.about_kernel = false;
    decision.reasons.insert(decision.reasons.begin() + (already ? 1 : 0),
                            named(all, "known failure has expired", "known failures have expired"));
  }

  const Policy& policy_;
  Date today_;
  std::string_view release_;
  Ruling judged_;
  Excused excused_;
  std::set<CaseId> skips_;
};

void look_at_skips(const Report& report, Judge& judge) {
  for (const CaseResult& result : report.cases) {
    if (result.skip && !result.id.control) judge.skipped(result.id, *result.skip);
  }
  for (const Series& series : report.series) {
    if (series.skip) judge.skipped(series.id, *series.skip);
  }
}

// Required benchmarks that the comparison does not tell, and required patterns that match none.
void look_at_required(const Comparison& comparison, const Policy& policy, Judge& judge) {
  std::set<CaseId> untold;
  for (const Limit& limit : policy.limits) {
    if (!limit.required || comparison.series.empty()) continue;
    bool matched = false;
    for (const SeriesComparison& row : comparison.series) {
      if (!limit.cases.matches(row.id)) continue;
      matched = true;
      if (!row.decided()) untold.insert(row.id);
    }
    if (!matched) judge.undecided(fmt::format("none matches {}", printable(limit.cases.text, 100)));
  }
  for (const CaseId& id : untold) judge.undecided(id.str());
}

void look_at_outcomes(const Comparison& comparison, Judge& judge) {
  for (const CaseComparison& one : comparison.cases) {
    if (one.after == "fail") judge.failed(one.id);
    if (one.after == "pass") judge.passed(one.id);
  }
  for (const SeriesComparison& row : comparison.series) {
    if (row.change == Change::Slower) judge.failed(row.id);
  }
}

}  // namespace

std::string KnownCase::str() const {
  return fmt::format("{} ({}, until {})", printable(reason, 300), printable(owner, 100),
                     expires.str());
}

const KnownCase* find(const std::vector<KnownCase>& cases, const CaseId& id) {
  const auto found = std::find_if(cases.begin(), cases.end(),
                                  [&id](const KnownCase& one) { return one.id == id; });
  return found == cases.end() ? nullptr : &*found;
}

Ruling judge(const Report& report, const Policy& policy, const Date& today) {
  Judge judge(policy, today, report.kernel.release);
  for (const CaseResult& result : report.cases) {
    if (result.id.control) continue;
    if (result.verdict == VerdictKind::Fail) judge.failed(result.id);
    if (result.verdict == VerdictKind::Pass) judge.passed(result.id);
  }
  for (const Series& series : report.series) {
    if (!series.skip && !series.is_result()) judge.failed(series.id);
  }
  look_at_skips(report, judge);
  const std::vector<Splat> splats = splats_of(report.kernel);
  for (std::size_t i = 0; i < splats.size(); ++i) judge.splat(i, splats[i]);
  return judge.with(decide(report, judge.excused()));
}

Ruling judge(const Report& report, const Judging& by) {
  if (by.policy != nullptr) return judge(report, *by.policy, by.today);
  Ruling judged;
  judged.decision = decide(report);
  return judged;
}

Ruling judge(const Comparison& comparison, std::span<const Report> now, const Policy& policy,
             const Date& today) {
  Judge judge(policy, today, comparison.now.release);
  look_at_outcomes(comparison, judge);
  for (const Report& report : now) {
    if (report.run.side != "null") look_at_skips(report, judge);
  }
  look_at_required(comparison, policy, judge);
  for (std::size_t i = 0; i < comparison.splats.size(); ++i) {
    judge.splat(i, comparison.splats[i].splat);
  }
  return judge.with(decide(comparison, judge.excused()));
}

double threshold_of(const Policy& policy, const CaseId& id, double fallback) {
  for (const Limit& limit : policy.limits) {
    if (limit.threshold && limit.cases.matches(id)) return *limit.threshold;
  }
  return fallback;
}

std::vector<CaseThreshold> thresholds_of(const Policy& policy) {
  std::vector<CaseThreshold> all;
  for (const Limit& limit : policy.limits) {
    if (limit.threshold) all.push_back({limit.cases, *limit.threshold});
  }
  return all;
}

}  // namespace nsbench
