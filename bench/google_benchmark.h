// What session.cpp and replay.cpp, the only files that know Google Benchmark, have in common.
#pragma once

#include <benchmark/benchmark.h>

#include <ostream>
#include <string>
#include <vector>

namespace nsbench::bench {

// Google Benchmark reports through one of these where its results take another way.
class SilentReporter final : public benchmark::BenchmarkReporter {
 public:
  SilentReporter() {
    SetOutputStream(&nowhere_);
    SetErrorStream(&nowhere_);
  }
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}

 private:
  std::ostream nowhere_{nullptr};
};

// Sets Google Benchmark's flags, after what the environment (BENCHMARK_OUT and the like) would make
// of ours is undone. A flag that it can't read ends the process with status 64 (EX_USAGE).
void initialise_google_benchmark(const std::vector<std::string>& flags);

}  // namespace nsbench::bench
