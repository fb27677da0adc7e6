#include "reports/verdict.h"

namespace nsbench {
namespace {

struct VerdictName {
  VerdictKind kind;
  std::string_view id;
};
constexpr std::array verdict_names{
    VerdictName{VerdictKind::Pass, "pass"},
    VerdictName{VerdictKind::Fail, "fail"},
    VerdictName{VerdictKind::Skip, "skip"},
    VerdictName{VerdictKind::Broken, "broken"},
};

// Both tables are indexed by their enum's value.
consteval bool in_order() {
  for (std::size_t i = 0; i < skip_reasons.size(); ++i) {
    if (static_cast<std::size_t>(skip_reasons.at(i).reason) != i) return false;
  }
  for (std::size_t i = 0; i < verdict_names.size(); ++i) {
    if (static_cast<std::size_t>(verdict_names.at(i).kind) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::string_view id(SkipReason reason) {
  return skip_reasons.at(static_cast<std::size_t>(reason)).id;
}

std::string_view title(SkipReason reason) {
  return skip_reasons.at(static_cast<std::size_t>(reason)).title;
}

std::optional<SkipReason> parse_skip_reason(std::string_view id) {
  for (const SkipReasonName& known : skip_reasons) {
    if (known.id == id) return known.reason;
  }
  return std::nullopt;
}

std::string_view id(VerdictKind kind) {
  return verdict_names.at(static_cast<std::size_t>(kind)).id;
}

std::optional<VerdictKind> parse_verdict(std::string_view id) {
  for (const VerdictName& known : verdict_names) {
    if (known.id == id) return known.kind;
  }
  return std::nullopt;
}

}  // namespace nsbench
