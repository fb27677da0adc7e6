// A reader of the Go benchmark format, written from its specification
// (golang.org/design/14313-benchmark-format): what we write is read back with it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::testing {

struct Measurement {
  double value = 0;
  std::string unit;
};

struct BenchmarkLine {
  std::string name;                           // without "Benchmark"
  std::map<std::string, std::string> params;  // the /key=value parts of the name
  std::uint64_t iterations = 0;
  std::vector<Measurement> measurements;
  std::map<std::string, std::string> configuration;  // of the lines before it
};

// Every line is a configuration line, a result, a unit's metadata or something else, which is
// ignored. Errors: a line that begins with "Benchmark" and a capital letter and has fields, but is
// no result; with its number.
Result<std::vector<BenchmarkLine>> read_benchfmt(std::string_view text);

}  // namespace nsbench::testing
