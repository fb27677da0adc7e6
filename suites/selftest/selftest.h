// Tells each lie to the suite, and looks at who notices.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "probes/sandbox/support.h"
#include "reports/result.h"
#include "suites/selftest/score.h"

namespace nsbench::selftest {

struct SelftestOptions {
  std::vector<const Lie*> lies;
  bool whole = false;        // every case hears each lie, not only those that it names
  bool until_first = false;  // a lie is told until the first case fails, in random order
  int jobs = 1;              // lies side by side
  std::uint64_t seed = 1;
  std::function<void(const std::string& running, std::size_t done, std::size_t total)> on_progress;
  const volatile std::sig_atomic_t* stop = nullptr;
};

// First all cases without a lie, under the tracer. An Error where tracing is not possible, or where
// a lie's expression is none. The caller must be single-threaded.
Result<SelftestReport> run_selftest(const SelftestOptions& options, const Support& support);

}  // namespace nsbench::selftest
