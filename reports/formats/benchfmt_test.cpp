#include "reports/formats/benchfmt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "reports/testdata/golden.h"
#include "reports/testdata/read_benchfmt.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using testing::BenchmarkLine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::read_benchfmt;

std::vector<BenchmarkLine> read_back(const std::vector<Report>& reports) {
  const auto lines = read_benchfmt(to_benchfmt(reports));
  EXPECT_TRUE(lines.ok()) << lines.error().str();
  return lines.ok() ? *lines : std::vector<BenchmarkLine>();
}

TEST(Benchfmt, LooksAsItShould) {
  expect_golden("sample.benchfmt", to_benchfmt(std::vector{sample_report()}));
}

TEST(Benchfmt, EveryBatchIsReadBack) {
  const Report report = sample_report();
  const std::vector<BenchmarkLine> lines = read_back({report});
  std::size_t at = 0;
  for (const Series& series : report.series) {
    if (!series.is_result()) continue;
    for (const Batch& batch : series.batches) {
      ASSERT_LT(at, lines.size());
      const BenchmarkLine& line = lines[at++];
      EXPECT_EQ(line.params.at("name"), series.id.name);
      EXPECT_EQ(line.params.at("method"), series.id.way());
      EXPECT_EQ(line.iterations, batch.calls);
      ASSERT_EQ(line.measurements.size(), 1U);
      EXPECT_NEAR(line.measurements[0].value, batch.p25, 0.0006);
      EXPECT_EQ(line.measurements[0].unit, "ns/op");
    }
  }
  EXPECT_EQ(at, lines.size());
}

TEST(Benchfmt, ParametersAndConfigurationAreReadBack) {
  const std::vector<BenchmarkLine> lines = read_back({sample_report()});
  const auto mounts = std::find_if(lines.begin(), lines.end(), [](const BenchmarkLine& line) {
    return line.params.contains("mounts");
  });
  ASSERT_NE(mounts, lines.end());
  EXPECT_EQ(mounts->name, "Create");
  EXPECT_EQ(mounts->params.at("mounts"), "1000");
  EXPECT_EQ(mounts->params.at("privilege"), "root");
  EXPECT_EQ(mounts->configuration.at("goarch"), "amd64");
  EXPECT_EQ(mounts->configuration.at("cpu"), "AMD EPYC 7763 64-Core Processor");
  EXPECT_EQ(mounts->configuration.at("clock"), "wall");
}

TEST(Benchfmt, MemoryIsInBytes) {
  const std::vector<BenchmarkLine> lines = read_back({sample_sides().base});
  EXPECT_EQ(lines.back().name, "Memory");
  EXPECT_EQ(lines.back().measurements[0].unit, "B/op");
}

// benchstat would not compare them.
TEST(Benchfmt, BaseAndNewHaveOneConfiguration) {
  const SampleSides sides = sample_sides();
  const auto base = read_back({sides.base});
  const auto now = read_back({sides.now});
  EXPECT_EQ(base.front().configuration, now.front().configuration);
}

TEST(Benchfmt, SeveralReportsAreToldApartByTheirKernel) {
  const SampleSides sides = sample_sides();
  const std::vector<BenchmarkLine> lines = read_back({sides.base, sides.now});
  EXPECT_THAT(lines.front().configuration.at("kernel"), HasSubstr("6.1.0-28-amd64"));
  EXPECT_THAT(lines.back().configuration.at("kernel"), HasSubstr("6.1.0-29-amd64"));
  EXPECT_EQ(lines.front().configuration.at("side"), "base");
}

TEST(Benchfmt, WhatIsNoResultIsLeftOut) {
  EXPECT_THAT(to_benchfmt(std::vector{sample_report()}), Not(HasSubstr("userns")));
  Report report;
  report.series = {sample_report().series.front()};
  report.series[0].batches.resize(2);
  report.series[0].batches[0].p25 = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(read_back({report}).size(), 1U);
}

TEST(Benchfmt, TextFromOutsideStaysOnItsLine) {
  Report report = sample_report();
  report.series.resize(1);
  report.environment.cpu_model = "evil\nBenchmarkX 1 1 ns/op";
  report.kernel.version = "evil\nBenchmarkX 1 1 ns/op";
  report.series[0].unit = "a b\nc";
  const std::vector<BenchmarkLine> lines = read_back({report});
  EXPECT_EQ(lines.size(), report.series[0].batches.size());
  EXPECT_EQ(lines.front().measurements[0].unit, "a_b_c/op");
}

}  // namespace
}  // namespace nsbench
