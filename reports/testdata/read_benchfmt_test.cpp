#include "reports/testdata/read_benchfmt.h"

#include <gtest/gtest.h>

namespace nsbench::testing {
namespace {

std::string error_of(std::string_view text) {
  const auto lines = read_benchfmt(text);
  return lines.ok() ? "accepted" : lines.error().str();
}

// What `go test -bench` prints.
TEST(ReadBenchfmt, ReadsWhatGoWrites) {
  const auto lines = read_benchfmt(
      "goos: linux\n"
      "cpu: Intel(R) Core(TM) i7\n"
      "# a comment: Of ours\n"
      "BenchmarkEncode\n"
      "BenchmarkEncode/text=digits/size=1e4-8   \t     100\t    154125 ns/op\t  64.88 MB/s\n"
      "cpu:\n"
      "Benchmarks are fun\n"
      "BenchmarkFast-8 2000 0.25 ns/op\n"
      "PASS\n"
      "ok  \tcompress/flate\t1.234s");
  ASSERT_TRUE(lines.ok()) << lines.error().str();
  ASSERT_EQ(lines->size(), 2U);
  const BenchmarkLine& first = (*lines)[0];
  EXPECT_EQ(first.name, "Encode");
  EXPECT_EQ(first.params.at("text"), "digits");
  EXPECT_EQ(first.iterations, 100U);
  ASSERT_EQ(first.measurements.size(), 2U);
  EXPECT_EQ(first.measurements[1].value, 64.88);
  EXPECT_EQ(first.measurements[1].unit, "MB/s");
  EXPECT_EQ(first.configuration.at("cpu"), "Intel(R) Core(TM) i7");
  EXPECT_EQ((*lines)[1].configuration.at("cpu"), "");
  EXPECT_EQ((*lines)[1].configuration.size(), 2U);
}

TEST(ReadBenchfmt, RefusesAResultThatIsNone) {
  EXPECT_EQ(error_of("\nBenchmarkA 1 2\n"), "line 2: 3 fields are no name, count and pairs");
  EXPECT_EQ(error_of("BenchmarkA 1 2 ns/op 3"), "line 1: 5 fields are no name, count and pairs");
  EXPECT_EQ(error_of("BenchmarkA x 2 ns/op"), "line 1: 'x' is not a number of iterations");
  EXPECT_EQ(error_of("BenchmarkA -1 2 ns/op"), "line 1: '-1' is not a number of iterations");
  EXPECT_EQ(error_of("BenchmarkA 1 2s ns/op"), "line 1: '2s' is not a number");
}

}  // namespace
}  // namespace nsbench::testing
