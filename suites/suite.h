// What is run together under one name.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "bench/workload.h"

namespace nsbench {

struct Suite {
  std::string_view name;
  std::string_view sentence;
  Tier last_tier = Tier::Core;  // benchmarks of this tier and those before it
  double seconds = 0;  // for all benchmarks together, with all that is not timed; 0: no limit
  double seconds_per_core = 0;       // of these, for each core operation
  double seconds_per_benchmark = 0;  // for each of the others, where no limit deals them out
  bool every_privilege = false;  // benchmarks as root and as userns, not only the first possible
};

inline constexpr std::array all_suites{
    Suite{"quick", "every check, and the six core benchmarks: about half a minute", Tier::Core, 4,
          4.0 / 6, 0.5, false},
    Suite{"gate",
          "every check, and two minutes of benchmarks: ten seconds for each of the six core "
          "operations, the rest for all others but the curves",
          Tier::Standard, 120, 10, 2, false},
    Suite{"full", "every check and every benchmark, curves too, with each privilege: half an hour",
          Tier::Curve, 0, 10, 2, true},
};

constexpr const Suite* find_suite(std::string_view name) {
  for (const Suite& suite : all_suites) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

}  // namespace nsbench
