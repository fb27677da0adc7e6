// A regular expression that a user gives. Only that it is compiled: some take for ever to match.
#include "reports/pattern.h"

#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<std::regex> regex = parse_pattern(fuzz::text_of(data, size));
  if (regex) return 0;
  fuzz::check(regex.error().str().find('\n') == std::string::npos, "an error is one line");
  return 0;
}
