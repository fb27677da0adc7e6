// Golden files: what a format is expected to look like, as a file that a person can read.
#pragma once

#include <string>
#include <string_view>

namespace nsbench {

// Fails the running test unless `text` is what reports/testdata/`name` holds. With
// NSBENCH_UPDATE_GOLDEN set in the environment, the file is written instead.
void expect_golden(const std::string& name, std::string_view text);

}  // namespace nsbench
