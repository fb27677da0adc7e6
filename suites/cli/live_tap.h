// TAP on standard output while a run goes on: line by line as cases end, so that what was printed
// stays true if the kernel dies under us.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "reports/formats/format.h"
#include "reports/formats/tap.h"
#include "reports/report.h"
#include "reports/result.h"
#include "suites/plan.h"

namespace nsbench::cli {

// The dialect of a format that can be printed line by line.
std::optional<Tap> tap_of(const Format& format);

class LiveTap {
 public:
  // `booted`: the report's kernel was booted for it, and has a result of its own.
  LiveTap(Tap dialect, const Plan& plan, bool booted);

  void begin(const Report& report);
  // A check whose control is settled; each once.
  void add(const CaseResult& result);
  // What was not printed yet, the benchmarks among it; and the sums, or that results are missing.
  // The first write that failed.
  Status end(const Report& report);

 private:
  void print(const std::string& text);

  TapLines lines_;
  bool booted_;
  std::set<CaseId> printed_;
  Status written_;
};

}  // namespace nsbench::cli
