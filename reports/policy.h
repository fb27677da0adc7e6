// What a project has agreed on: which benchmarks may slow down by how much, which failures are
// known, which skips are allowed. A gate without one takes every failure for new.
#pragma once

#include <compare>
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/case_id.h"
#include "reports/compare.h"
#include "reports/gate.h"
#include "reports/pattern.h"
#include "reports/report.h"
#include "reports/result.h"
#include "reports/verdict.h"

namespace nsbench {

inline constexpr int policy_schema = 1;

// A day of the Gregorian calendar.
struct Date {
  int year = 0, month = 0, day = 0;

  [[nodiscard]] std::string str() const;  // "2026-11-30"
  // Errors quote `text` and say that it is no day.
  static Result<Date> parse(std::string_view text);
  friend auto operator<=>(const Date&, const Date&) = default;
};

// For some benchmarks. Of several that match, the first that has a threshold has it.
struct Limit {
  CasePattern cases;
  std::optional<double> threshold;  // a fraction
  bool required = false;            // if it can't be told, neither can the gate
};

// Cases that fail (or benchmarks that fail or are slower), and who looks after it.
struct KnownIssue {
  CasePattern cases;
  std::string owner, reason;
  Date expires;                       // the last day on which it counts
  std::optional<std::regex> kernels;  // searched in the release; absent: all
};

struct AllowedSkip {
  CasePattern cases;
  std::optional<SkipReason> reason;  // absent: any
};

struct AllowedSplat {
  std::string kind;  // out of splat_kinds
  std::regex match;  // searched in each line of the excerpt
  std::string owner;
  Date expires;
};

struct Policy {
  std::vector<Limit> limits;
  std::vector<KnownIssue> known_issues;
  std::vector<AllowedSkip> allowed_skips;
  std::vector<AllowedSplat> allowed_splats;
};

// From JSON, as schema/nsbench-policy-1.schema.json has it. Errors name the place and the value
// ("/known_issues/2/expires: '2026-13-01' is not a day"): keys that are not known, dates and
// expressions that are none are refused, for a policy that is not understood must not pass.
Result<Policy> read_policy(std::string_view text);

// One case of a known issue.
struct KnownCase {
  CaseId id;
  std::string owner, reason;
  Date expires;

  [[nodiscard]] std::string str() const;  // "reason (owner, until 2026-11-30)"
};

struct Ruling {
  Decision decision;
  std::vector<KnownCase> xfail;               // failed, as known: do not count
  std::vector<KnownCase> xpass;               // known to fail, and hold: the issue can go
  std::vector<KnownCase> expired;             // failed, as was known too long: count again
  std::vector<std::string> unexpected_skips;  // ids
  std::vector<std::string> undecided;         // required benchmarks that can't be told: ids
  std::vector<std::string> allowed_splats;    // headlines
};
// Null if it is not among them.
const KnownCase* find(const std::vector<KnownCase>& cases, const CaseId& id);

// decide(), with what the policy knows: known failures do not count up to the day on which they
// expire, an unexpected pass is told and does not fail, and a skip that is not allowed is lost
// coverage: Unknown.
Ruling judge(const Report& report, const Policy& policy, const Date& today);
// The same of a comparison, whose new side `now` was. Known issues cover benchmarks that are slower
// too; a failure that both sides have fails once its issue has expired; a required benchmark that
// can't be told, or a required pattern that no benchmark matches where there are any, is Unknown.
Ruling judge(const Comparison& comparison, std::span<const Report> now, const Policy& policy,
             const Date& today);

// By which policy formats judge, and when. Without one as decide() does.
struct Judging {
  const Policy* policy = nullptr;  // not owned
  Date today;
};
Ruling judge(const Report& report, const Judging& by);

// Of one benchmark: the first limit's that matches and has one.
double threshold_of(const Policy& policy, const CaseId& id, double fallback);
// All of them, for CompareOptions::thresholds.
std::vector<CaseThreshold> thresholds_of(const Policy& policy);

}  // namespace nsbench
