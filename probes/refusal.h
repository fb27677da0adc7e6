// What acts met that this environment refuses, whatever the kernel would do.
#pragma once

#include <optional>

#include "probes/check.h"
#include "probes/sandbox/masks.h"
#include "probes/sandbox/support.h"
#include "reports/observation.h"
#include "reports/report.h"

namespace nsbench {

// Why a result that is Fail or Broken says nothing about the kernel. Two things are asked for: a
// legal act went wrong, so that whatever came after it was not arranged as the rules need it; and
// there is evidence that acts like that are refused here: a seccomp filter that was caught at it, a
// limit that is low, a capability that is not there, a /proc that is not, or is masked. Nothing, if
// one of the two is missing: a leak, or a call that should have been refused, stays what it is.
// But for the checks that look for processes in /proc: where that is masked, a user namespace has
// another one's, and they say nothing there at all.
std::optional<Skip> refused_here(const CaseResult& result, const Transcript& seen,
                                 const Support& support, const Masks& masks = Masks::here());

}  // namespace nsbench
