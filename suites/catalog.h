// What there is to check and to time, in words: for `nsbench list` and `nsbench explain`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"
#include "reports/judgement.h"
#include "reports/result.h"

namespace nsbench {

// What a probe's judge asks. Statements that depend on what a kernel offers may be missing.
std::vector<Statement> statements_of(const Probe& probe);

// Whether a failure of it says that the kernel lacks a fix which other releases have: the source
// names them. That is about the kernel, not about the check.
bool is_about_a_fix(const Probe& probe);

// Every check and benchmark, a line each; `long_form`: with all that is known of each.
std::string catalog_text(bool long_form);
std::string catalog_json();
// Every case id, one a line, controls among them.
std::string catalog_ids();

// Probes and benchmarks by "family/name", by a case id, or by a name alone (each of that name),
// explained for people in lines of at most `width` columns. An unknown name is an Error that holds
// the nearest ones.
Result<std::string> explain(std::string_view name, std::size_t width);
Result<std::string> explain_json(std::string_view name);

}  // namespace nsbench
