// The report as JSON, both directions: our record, and a file that Google Benchmark's tools open.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/report.h"
#include "reports/result.h"

namespace nsbench {

// Keys are in a fixed order; no NaN or Infinity is ever written; invalid UTF-8 becomes U+FFFD.
std::string to_json(const Report& report);

// Of a report that from_json() reads: one of a full run is some 10 MB.
inline constexpr std::size_t max_report_bytes = 64U << 20U;

// Reads what to_json() wrote, and files of older schemas. Errors name the place: "line 3, column 7:
// ..." or "/series/4/p50: ...". Derived values (percentiles, summary, benchmarks) are not read.
Result<Report> from_json(std::string_view text);

}  // namespace nsbench
