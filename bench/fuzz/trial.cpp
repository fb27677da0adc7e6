// A line of the file of trials: what is read is written the same, and makes reports.
#include "bench/power/trial.h"

#include "reports/compare.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<power::Trial> trial = power::from_line(fuzz::text_of(data, size));
  if (!trial) return 0;
  const std::string line = power::to_line(*trial);
  fuzz::check(line.find('\n') == std::string::npos, "a line is one");
  const Result<power::Trial> again = power::from_line(line);
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(power::to_line(*again) == line, "what was read is written the same");
  const power::Reports reports = power::reports_of(*trial);
  static_cast<void>(compare({&reports.base, 1}, {&reports.now, 1}, {}).ok());
  return 0;
}
