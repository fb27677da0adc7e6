#include "bench/google_benchmark.h"

#include <unistd.h>

namespace nsbench::bench {
namespace {

constexpr int exit_usage = 64;  // EX_USAGE of sysexits.h

}  // namespace

void initialise_google_benchmark(const std::vector<std::string>& flags) {
  // Google Benchmark keeps the pointer to the program's name, for its reports' context.
  static std::string program = "nsbench";
  std::vector<std::string> words{"--benchmark_list_tests=false",
                                 "--benchmark_out=", "--benchmark_filter=."};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv{program.data()};
  for (std::string& word : words) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  // A flag it can't read would make it print its help and leave by exit().
  benchmark::Initialize(&argc, argv.data(), [] { ::_exit(exit_usage); });
  if (argc > 1) ::_exit(exit_usage);  // one that it does not know
}

}  // namespace nsbench::bench
