// For tests of comparisons: reports that have something in common, compared.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/compare.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {

inline Comparison compared(const std::vector<Report>& base, const std::vector<Report>& now,
                           const CompareOptions& options = {}) {
  Result<Comparison> comparison = compare(base, now, options);
  EXPECT_TRUE(comparison.ok());
  return comparison ? *comparison : Comparison{};
}

inline Comparison compared(const SampleLockstep& sample, const CompareOptions& options = {}) {
  const SampleSides sides = in_lockstep(sample);
  return compared({sides.base}, {sides.now}, options);
}

// One of everything that a comparison can say.
inline Comparison sample_comparison() {
  const SampleSides sides = sample_sides();
  return compared({sides.base}, {sides.now, sides.null});
}

// "slower", "cannot-tell noisy"
inline std::string word(const SeriesComparison& row) {
  return std::string(id(row.change)) + (row.code.empty() ? "" : " " + row.code);
}

inline auto has_code(const char* code) {
  return ::testing::Contains(::testing::Field(&Warning::code, code));
}

}  // namespace nsbench
