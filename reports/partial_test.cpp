#include "reports/partial.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reports/json.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

TEST(PartialReport, PartsAreTheWholeWhateverTheirNumber) {
  const Report report = sample_report();
  for (const std::size_t per_part : {1UL, 3UL, 1000UL}) {
    ReportParts parts;
    Report whole;
    for (const CaseResult& result : report.cases) {
      if (result.id.control) continue;  // known at the end only
      parts.add(result);
      if (parts.waiting() == per_part) add_part(whole, parts.next(report));
    }
    add_part(whole, parts.last(report));
    ASSERT_EQ(whole.cases.size(), report.cases.size());
    const auto place = [&report](const CaseResult& result) {
      return std::find_if(report.cases.begin(), report.cases.end(),
                          [&result](const CaseResult& other) { return other.id == result.id; });
    };
    std::sort(whole.cases.begin(), whole.cases.end(),
              [&](const CaseResult& a, const CaseResult& b) { return place(a) < place(b); });
    EXPECT_EQ(to_json(whole), to_json(report));
  }
}

TEST(PartialReport, WhatCameBeforeTheEndIsKept) {
  const Report report = sample_report();
  ReportParts parts;
  parts.add(report.cases.front());
  parts.add(report.cases.front());  // once
  Report whole;
  add_part(whole, parts.next(report));
  ASSERT_EQ(whole.cases.size(), 1U);
  EXPECT_EQ(whole.cases.front().id, report.cases.front().id);
  EXPECT_EQ(whole.kernel.release, report.kernel.release);
  EXPECT_TRUE(whole.series.empty());
}

}  // namespace
}  // namespace nsbench
