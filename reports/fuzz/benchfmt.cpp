// The Go benchmark format, as the tests read it back.
#include "reports/fuzz/check.h"
#include "reports/testdata/read_benchfmt.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = testing::read_benchfmt(fuzz::text_of(data, size));
  if (!lines) {
    fuzz::check(lines.error().str().starts_with("line "), "an error names the line");
    return 0;
  }
  for (const auto& line : *lines) fuzz::check(!line.measurements.empty(), "a result has a number");
  return 0;
}
