#include "reports/comparison_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/testdata/golden.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using Json = nlohmann::json;

Comparison sample() {
  const SampleSides sides = sample_sides();
  return *compare(std::vector{sides.base}, std::vector{sides.now, sides.null}, {});
}

TEST(ComparisonJson, LooksAsItShould) { expect_golden("comparison.json", to_json(sample())); }

TEST(ComparisonJson, WhatIsNotKnownIsNull) {
  const SampleRuns runs = in_turn({{}}, 1);
  const Json json = Json::parse(to_json(*compare(runs.base, runs.now, {})));
  const Json& row = json["series"][0];
  EXPECT_EQ(json["method"], "runs");
  EXPECT_EQ(row["code"], "few-runs");
  EXPECT_TRUE(row["ratio"].is_number());
  for (const char* key : {"interval", "p", "detectable"}) EXPECT_TRUE(row[key].is_null()) << key;
  EXPECT_EQ(row["base_n"], 1);
}

TEST(ComparisonJson, SummaryCountsAndSaysTheExitCode) {
  const Comparison comparison = sample();
  const Json summary = Json::parse(to_json(comparison))["summary"];
  EXPECT_EQ(summary["exit_code"], 1);
  EXPECT_EQ(summary["decision"], "fail");
  EXPECT_EQ(summary["regressed"], 1);
  EXPECT_EQ(summary["fixed"], 1);
  EXPECT_EQ(summary["still-failing"], 1);
  EXPECT_EQ(summary["lost-coverage"], 2) << "a check, and a benchmark that fails now";
  EXPECT_EQ(summary["slower"].get<int>() + summary["faster"].get<int>() +
                summary["same"].get<int>() + summary["cannot-tell"].get<int>(),
            static_cast<int>(comparison.series.size()));
}

}  // namespace
}  // namespace nsbench
