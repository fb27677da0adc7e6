#include "bench/pace.h"

#include <algorithm>
#include <numeric>

namespace nsbench::bench {
namespace {

// Seconds per batch, where the budget allows. Waiting until a batch's namespaces are gone takes up
// to 60 ms (a few RCU grace periods), however few they are: shorter batches would be all waiting.
constexpr double long_enough = 0.1;
constexpr std::size_t least_rounds = 5;
constexpr std::size_t most_rounds = 10'000;

}  // namespace

Pace::Pace(std::size_t cases, double seconds_per_case)
    : rounds_(static_cast<std::size_t>(std::clamp(seconds_per_case / long_enough,
                                                  static_cast<double>(least_rounds),
                                                  static_cast<double>(most_rounds)))),
      total_seconds_(static_cast<double>(cases) * seconds_per_case),
      batch_seconds_(seconds_per_case / static_cast<double>(rounds_)) {}

double Pace::for_calls(double elapsed, double overhead_left, std::size_t batches_left) const {
  const double fair = (total_seconds_ - elapsed - overhead_left) /
                      static_cast<double>(std::max<std::size_t>(batches_left, 1));
  return std::clamp(fair, least_for_calls(), batch_seconds_ * 2);
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

}  // namespace nsbench::bench
