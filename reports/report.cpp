#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

// What holds is not proven by a control that could not be played.
void skip_as(const CaseResult& control, CaseResult& result) {
  result.verdict = VerdictKind::Skip;
  result.skip = control.skip;
  result.observed = "its control could not be played: " + control.observed;
  result.statements.clear();
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

// A bit, and what explains it; without kinds every splat does.
struct TaintBit {
  std::int64_t bit;
  const char* name;
  std::array<std::string_view, 4> kinds;
};
constexpr std::array taint_bits{
    TaintBit{taint_died, "D: it died", {"oops", "bug", "panic"}},
    TaintBit{taint_bad_page, "B: a bad page", {"bug", "kasan", "kfence", "kmsan"}},
    TaintBit{taint_soft_lockup, "L: a soft lockup", {"soft-lockup", "panic"}},
    TaintBit{taint_warned, "W: it warned", {}}};

bool explains(const Splat& splat, const TaintBit& taint) {
  if (taint.kinds.front().empty()) return true;
  return std::find(taint.kinds.begin(), taint.kinds.end(), splat.kind) != taint.kinds.end();
}

// The bits that the run left and that no splat explains, by their names.
std::string unexplained(const KernelInfo& kernel, std::int64_t gained) {
  std::string names;
  for (const TaintBit& taint : taint_bits) {
    if ((gained & taint.bit) == 0) continue;
    const bool explained =
        std::any_of(kernel.splats.begin(), kernel.splats.end(),
                    [&taint](const Splat& splat) { return explains(splat, taint); });
    if (!explained) names += fmt::format("{}{}", names.empty() ? "" : ", ", taint.name);
  }
  return names;
}

}  // namespace

std::vector<Splat> splats_of(const KernelInfo& kernel) {
  std::vector<Splat> all = kernel.splats;
  const bool booted = kernel.engine != "bare";
  if (!kernel.taint_before && !booted) return all;
  const std::int64_t before = kernel.taint_before.value_or(0);
  const std::string names = unexplained(kernel, kernel.taint & ~before & unwell_taint);
  if (!names.empty()) {
    all.push_back({.kind = "taint",
                   .excerpt = fmt::format("the kernel's taint went from {} to {} ({})", before,
                                          kernel.taint, names),
                   .running = ""});
  }
  return all;
}

void settle_controls(std::vector<CaseResult>& cases) {
  std::map<CaseId, std::size_t> wrong;    // by the id of the real case beside it
  std::map<CaseId, std::size_t> skipped;  // the same
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CaseResult& result = cases[i];
    if (!result.id.control) continue;
    if (result.verdict == VerdictKind::Skip) skipped.emplace(result.id.with_control(false), i);
    if (!went_wrong(result)) continue;
    result.verdict = VerdictKind::Broken;
    wrong.emplace(result.id.with_control(false), i);
  }
  for (CaseResult& result : cases) {
    const auto control = wrong.find(result.id);
    if (control != wrong.end()) settle(result, cases[control->second]);
    const auto unproven = skipped.find(result.id);
    if (unproven != skipped.end() && result.verdict == VerdictKind::Pass) {
      skip_as(cases[unproven->second], result);
    }
  }
}

void name_units(Report& report) {
  if (report.kernel.clock != "instructions") return;
  for (Series& series : report.series) {
    if (series.unit == "ns") series.unit = "instructions";
  }
}

}  // namespace nsbench
