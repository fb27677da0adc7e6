// Google Benchmark's reporters, for series that were measured already.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"
#include "reports/result.h"

namespace nsbench {

// A flag of Google Benchmark's that makes sense here, and one that does not.
struct GoogleFlag {
  std::string_view name;  // "--benchmark_format"
  std::string_view about;
  std::string_view instead = {};  // not empty: refused, and what to use in its place
};
std::span<const GoogleFlag> google_flags();

// Whether Google Benchmark can read these ("--benchmark_format=json"), and may: an Error names the
// one that is wrong, or refused, or the file that can't be written.
Status check_google_flags(const std::vector<std::string>& words);

// Whether these ask for a report on standard output: all but --benchmark_out and its like do.
bool wants_display(const std::vector<std::string>& words);

// Reports `series` by the reporters that the words name: each batch is a repetition, its time the
// batch's p25, its iterations the batch's calls; p50 and p99 of the series are counters. Series of
// bytes are left out. The words must have been checked. Sets Google Benchmark up in this process:
// once only. An Error: its file could not be written.
Status replay(std::span<const Series> series, const std::vector<std::string>& words);

}  // namespace nsbench
