// A slowdown put into timed regions on purpose, so that it can be seen whether a comparison finds
// it: a spin of known length before the clock is read, or a seccomp filter that lengthens the entry
// of every system call.
#pragma once

#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "bench/stopwatch.h"
#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench::bench {

// So much is added to each timing of the cases whose id the expression is found in.
struct Plant {
  std::string pattern;
  std::regex regex;
  double share = 0;  // of the case's own p25, as the worker measures it before it begins: 0.03
  double ns = 0;     // or so many nanoseconds

  // "REGEX=3%" or "REGEX=50ns". An Error says what is wrong with the text.
  static Result<Plant> parse(std::string_view text);
  [[nodiscard]] bool is_for(const CaseId& id) const;
};

struct Plants {
  std::vector<Plant> spins;      // the first that is for a case counts
  int seccomp_instructions = 0;  // of the filter on the processes that make the calls; 0: none

  [[nodiscard]] const Plant* find(const CaseId& id) const;
};

// What a spin of some rounds costs on this CPU, when it is met cold: a first part that does not
// depend on the rounds, and each round.
struct SpinCost {
  double fixed_ns = 0;
  double ns_per_round = 0.4;

  // Times short and long spins. Takes about 5 ms.
  static SpinCost measure(const Stopwatch& stopwatch);
  // From what two spins of different length cost.
  static SpinCost from(std::uint64_t few_rounds, double few_ns, std::uint64_t many_rounds,
                       double many_ns);
  // The rounds whose cost is nearest to `ns`; 0 if that is nearer to nothing than to one round.
  [[nodiscard]] std::uint64_t rounds_for(double ns) const;
  [[nodiscard]] double ns_of(std::uint64_t rounds) const;
};

// A seccomp filter of `instructions` (2..4096, BPF_MAXINSNS) that allows every call, on this
// process and its children, for good. It looks at a call's first argument, so that the kernel runs
// it each time rather than remember its answer (kernel/seccomp.c, seccomp_is_const_allow()).
Status install_idle_filter(int instructions);

}  // namespace nsbench::bench
