// Many kernels on many types of machine are many comparisons, and a rule that is wrong once in a
// hundred of them is wrong every day. What compare() calls slower is a suspicion there. It becomes
// a finding, each way with a third of alpha, the chance of one false alarm in the whole fleet:
//   at once    its p is small enough for that many comparisons;
//   together   several types of machine say the same of one benchmark of one kernel;
//   again      boots that were not looked at before say it once more.
// How often each is wrong, and what it finds, is simulated on recorded noise: ci/lava/SCALE.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/compare.h"

namespace nsbench::fleet {

class Shares {
 public:
  // `alpha`: the fleet's. With one comparison in it all of it is that one's.
  Shares(double alpha, std::size_t comparisons) : alpha_(alpha), comparisons_(comparisons) {}

  [[nodiscard]] bool single() const { return comparisons_ <= 1; }
  // Whether a benchmark that compare() calls slower at alpha is so at once.
  [[nodiscard]] bool is_found(const SeriesComparison& series) const;
  // Of each of the benchmarks that are tested together.
  [[nodiscard]] double together(std::size_t tests) const { return of(tests); }
  // Of each of the comparisons that are made again.
  [[nodiscard]] double again(std::size_t comparisons) const { return of(comparisons); }

 private:
  static constexpr double ways = 3;
  [[nodiscard]] double of(std::size_t tests) const {
    return alpha_ / ways / static_cast<double>(tests > 0 ? tests : 1);
  }
  double alpha_;
  std::size_t comparisons_;
};

// What all types of machine say of one benchmark of one kernel.
struct Together {
  std::string kernel, series;
  std::size_t types = 0;
  double ratio = 1;  // the geometric mean of the types' ratios
};

// The logs of ratios, each a type of machine's: what differs from type to type is the error. Keeps
// three numbers for each benchmark of each kernel.
class Pool {
 public:
  // Fewer types have an error that says nothing.
  static constexpr std::size_t types_needed = 3;

  void add(const std::string& kernel, const SeriesComparison& series);
  // Those that are slower on the types together, by Student's t and by more than their threshold.
  [[nodiscard]] std::vector<Together> slower(const Shares& shares) const;

 private:
  struct Sums {
    std::uint32_t types = 0;
    double mean = 0, squares = 0;  // of what differs from the mean
    double threshold = 0;          // a fraction
  };
  std::map<std::string, std::size_t, std::less<>> places_;  // of a series in each kernel's sums
  std::map<std::string, std::vector<Sums>, std::less<>> kernels_;
};

}  // namespace nsbench::fleet
