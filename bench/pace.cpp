#include "bench/pace.h"

#include <algorithm>
#include <numeric>

namespace nsbench::bench {
namespace {

// Seconds per batch, where the budget allows. Waiting until a batch's namespaces are gone takes up
// to 60 ms (a few RCU grace periods), however few they are: shorter batches would be all waiting.
constexpr double long_enough = 0.1;
// Where it does not, but allows for enough batches to decide something: a sign test at 1 % needs
// eight pairs, which are nine batches behind the one that warms up.
constexpr double short_enough = 0.05;
constexpr double enough_batches = 10;
constexpr double least_batches = 5;
constexpr double most_batches = 10'000;

std::size_t batches_in(double seconds) {
  const double at_least = std::clamp(seconds / short_enough, least_batches, enough_batches);
  return static_cast<std::size_t>(std::clamp(seconds / long_enough, at_least, most_batches));
}

}  // namespace

Pace::Pace(const std::vector<double>& seconds_of_case) {
  for (const double seconds : seconds_of_case) {
    const std::size_t batches = batches_in(seconds);
    parts_.push_back({.batches = batches, .batch_seconds = seconds / static_cast<double>(batches)});
    rounds_ = std::max(rounds_, batches);
    total_seconds_ += seconds;
  }
}

std::size_t Pace::total_batches() const {
  return std::accumulate(parts_.begin(), parts_.end(), std::size_t{0},
                         [](std::size_t sum, const Part& part) { return sum + part.batches; });
}

bool Pace::takes_part(std::size_t index, std::size_t round) const {
  const std::size_t own = batches(index);
  return (round + 1) * own / rounds_ > round * own / rounds_;
}

bool Pace::is_overdrawn(std::size_t index, std::size_t batches_done, double seconds_spent) const {
  const double own = planned(index) * static_cast<double>(batches(index));
  return static_cast<double>(batches_done) >= enough_batches && seconds_spent > 2 * own;
}

double Pace::for_calls(std::size_t index, double elapsed, double overhead_left,
                       double planned_left) const {
  const double share =
      planned_left > 0 ? (total_seconds_ - elapsed - overhead_left) / planned_left : 0;
  return std::clamp(planned(index) * share, least_for_calls(index), planned(index) * 2);
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

}  // namespace nsbench::bench
