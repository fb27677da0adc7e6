// What reports and comparisons come to, in words that several formats share. All is printable()
// text, one line each, but for what findings() quotes from a report.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/compare.h"
#include "reports/gate.h"
#include "reports/report.h"

namespace nsbench::words {

// "Linux 6.12.1 x86_64, on kvm, root"
std::string machine(const Report& report);
// "nsbench 0.1.0, suite quick, seed 1, 12.3 s, 2026-10-31T12:00:00Z"
std::string run(const RunInfo& run);
// What was done, in numbers: "160 cases, 12 skipped, 42 benchmarks timed".
std::string extent(const Summary& summary);
// "isolation holds: 160 cases"; what the decision's first reason is; its others are not in it.
std::string headline(const Report& report, const Decision& decision);
// The next useful command; empty if there is none that we know.
std::string next_command(const Report& report, const Decision& decision);

// What was found wrong in a case: a failed rule, what was demanded and what was seen, with the name
// of its errno.
struct Finding {
  std::string rule;  // may be empty
  std::string expected, observed;
};
// Of a Fail each rule that failed; else the one sentence that the verdict rests on, without a rule.
std::vector<Finding> findings(const CaseResult& result);

// What would help where a benchmark could not be told, by its code; empty if nothing is known.
std::string_view advice(std::string_view code);
// What a reader has to know before any number: that times are not compared, or only by force.
std::vector<std::string> said_first(const Comparison& comparison);
// How times were decided, in a sentence.
std::string procedure(Procedure procedure);
// "Linux 6.12.1 x86_64, 8 reports from 8 boots"
std::string side(const ComparedSide& side, std::size_t sessions);
// "3 benchmarks: 1 slower, 2 the same; 92 checks"
std::string extent(const Comparison& comparison);
std::string headline(const Comparison& comparison, const Decision& decision);

}  // namespace nsbench::words
