// What is run together under one name.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace nsbench {

struct Suite {
  std::string_view name;
  std::string_view sentence;
  double seconds_per_benchmark = 0;  // wall time, with all that is not timed
  bool every_privilege = false;  // benchmarks as root and as userns, not only the first possible
};

inline constexpr std::array all_suites{
    Suite{"quick", "every check, and each benchmark for a tenth of a second: about half a minute",
          0.1, false},
    Suite{"gate", "every check, and each benchmark for two seconds: about two minutes", 2.0, false},
    Suite{"full", "every check, and each benchmark for five seconds with each privilege", 5.0,
          true},
};

constexpr const Suite* find_suite(std::string_view name) {
  for (const Suite& suite : all_suites) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

}  // namespace nsbench
