// A policy from JSON: what is read judges a report, and what is refused is told in one short line.
#include "reports/policy.h"

#include "reports/fuzz/check.h"
#include "reports/testdata/sample_report.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Report report = unwell_report();
  const Result<Policy> policy = read_policy(fuzz::text_of(data, size));
  if (!policy) {
    fuzz::check(policy.error().str().size() < 1000, "an error is short");
    fuzz::check(policy.error().str().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  // Each expression may take long on each case: a few of them are enough.
  if (policy->known_issues.size() + policy->allowed_skips.size() > 8) return 0;
  const Ruling judged = judge(report, *policy, {2026, 6, 1});
  fuzz::check(judged.decision.reasons.empty() == (judged.decision.code == ExitCode::Ok),
              "what is not well has a reason");
  return 0;
}
