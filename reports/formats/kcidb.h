// KCIDB v5, what KernelCI's common database takes (kcidb-io, schema v5.3).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reports/report.h"

namespace nsbench {

// Whether `origin` can be a submitter's name there: [a-z0-9_]+.
bool is_kcidb_origin(std::string_view origin);

// A checkout and a build for each kernel, a test for each check and one for each number of a
// benchmark (status DONE); controls are counted in their build's `misc`. Every id starts with
// `origin`, which must be one. Of the machine neither its id nor its host name is told: the
// database is public.
std::string to_kcidb(std::span<const Report> reports, std::string_view origin);

}  // namespace nsbench
