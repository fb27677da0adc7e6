// What is run together under one name.
#pragma once

#include <algorithm>
#include <array>
#include <span>
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
  // What belongs to it, as families ("links") and as parts of them ("net/veth"); empty: everything.
  std::span<const std::string_view> checks = {};
  std::span<const std::string_view> benchmarks = {};
};

// Whether one of the family, with this name in it, is in such a list.
constexpr bool is_listed(std::span<const std::string_view> list, std::string_view family,
                         std::string_view name) {
  return list.empty() || std::any_of(list.begin(), list.end(), [&](std::string_view one) {
           return one == family ||
                  (one.starts_with(family) && one.substr(family.size()).starts_with('/') &&
                   one.substr(family.size() + 1) == name);
         });
}

inline constexpr std::array<std::string_view, 3> container_checks{"net/veth", "net/bridge",
                                                                  "net/container"};
inline constexpr std::array<std::string_view, 4> container_benchmarks{
    "links", "network", "container/usual", "container/all"};

inline constexpr std::array all_suites{
    Suite{"quick", "every check, and the six core benchmarks: about half a minute", Tier::Core, 4,
          4.0 / 6, 0.5, false},
    Suite{"gate",
          "every check, and two minutes of benchmarks: ten seconds for each of the six core "
          "operations, the rest for all others but the curves",
          Tier::Standard, 126, 10, 2, false},
    Suite{"full", "every check and every benchmark, curves too, with each privilege: half an hour",
          Tier::Curve, 0, 10, 2, true},
    Suite{"container",
          "the network of containers: checks of veth pairs, bridges and default routes, and what "
          "making, using and ending it costs: about half a minute",
          Tier::Standard, 21, 1, 1, false, container_checks, container_benchmarks},
};

constexpr const Suite* find_suite(std::string_view name) {
  for (const Suite& suite : all_suites) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

}  // namespace nsbench
