// HTML: one file that holds all it needs and asks for nothing; readable without its script.
#pragma once

#include <span>
#include <string>

#include "reports/compare.h"
#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

std::string to_html(const Report& report, const Judging& by = {});
// `base` and `now` are what was compared: what was seen, and how times are distributed.
std::string to_html(const Comparison& comparison, std::span<const Report> base,
                    std::span<const Report> now);

}  // namespace nsbench
