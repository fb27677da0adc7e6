#include "reports/energy.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace nsbench {
namespace {

// As std::shuffle, whose result differs from one standard library to the next.
template <class Value>
void shuffle(std::vector<Value>& order, std::mt19937_64& random) {
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
}

double pairs(double n) { return n * (n - 1) / 2; }

// p by permutations of `order`, where `largest` gives the statistic of one.
template <class Value, class Largest>
double permuted_p(std::vector<Value> order, double q, double alpha,
                  const ChangePointOptions& options, Largest largest) {
  std::mt19937_64 random(options.seed);
  const std::size_t permutations =
      order.size() > long_stretch ? options.permutations_of_long : options.permutations;
  const auto of = static_cast<double>(permutations + 1);
  const double as_large = q * (1 - 1e-9);  // equal ones must count, whatever was rounded
  double hits = 1;                         // the order that was seen is one of them
  for (std::size_t i = 0; i < permutations && hits / of <= alpha; ++i) {
    shuffle(order, random);
    if (largest(order) >= as_large) ++hits;
  }
  return hits / of;
}

constexpr std::size_t shortest_window = 12;
constexpr std::size_t longest_window = 256;

EnergySplit best_window(std::span<const double> values, std::size_t min_segment) {
  EnergySplit best;
  for (std::size_t length = std::min(values.size() / 2, longest_window); length >= shortest_window;
       length /= 2) {
    for (std::size_t begin = 0; begin + length <= values.size(); begin += length / 2) {
      const EnergySplit one = best_split(values.subspan(begin, length), min_segment);
      if (one.q > best.q) best = {begin + one.at, one.q};
    }
  }
  return best;
}

}  // namespace

EnergyStretch::EnergyStretch(std::span<const double> values, std::size_t min_segment)
    : min_segment_(std::max<std::size_t>(min_segment, 2)), sorted_(values.begin(), values.end()) {
  std::sort(sorted_.begin(), sorted_.end());
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  for (const double value : values) {
    const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), value);
    order_.push_back(static_cast<std::uint32_t>(place - sorted_.begin()));
  }
  // Distances stay what they are, and sums of small numbers are more exact.
  const double middle = sorted_.empty() ? 0 : sorted_[sorted_.size() / 2];
  for (double& value : sorted_) value -= middle;
  std::vector<std::uint32_t> counts(sorted_.size());
  for (const std::uint32_t rank : order_) ++counts[rank];
  // From the smallest value on: each step up is away from all below and closer to all above.
  double distance = 0;
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    distance += counts[i] * (sorted_[i] - (sorted_.empty() ? 0 : sorted_.front()));
  }
  double below = 0;
  to_all_.resize(sorted_.size());
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    if (i > 0) {
      const double step = sorted_[i] - sorted_[i - 1];
      distance += step * (2 * below - static_cast<double>(order_.size()));
    }
    to_all_[i] = distance;
    total_ += counts[i] * distance / 2;
    below += counts[i];
  }
}

double EnergyStretch::add(std::uint32_t rank, Node& all) {
  const double value = sorted_[rank];
  Node upto;
  for (std::size_t i = rank + 1; i > 0; i &= i - 1) {
    upto.count += tree_[i].count;
    upto.sum += tree_[i].sum;
  }
  for (std::size_t i = rank + 1; i < tree_.size(); i += i & (~i + 1)) {
    tree_[i].count += 1;
    tree_[i].sum += value;
  }
  const double distance =
      value * upto.count - upto.sum + (all.sum - upto.sum) - value * (all.count - upto.count);
  all.count += 1;
  all.sum += value;
  return distance;
}

EnergySplit EnergyStretch::best_of(const std::vector<std::uint32_t>& order) {
  EnergySplit best;
  if (order.size() < 2 * min_segment_ || sorted_.size() < 2) return best;
  tree_.assign(sorted_.size() + 1, Node{});
  Node all;
  double left = 0;        // the sum of distances within the first part
  double right = total_;  // and within the second
  for (std::size_t at = 1; at + min_segment_ <= order.size(); ++at) {
    const std::uint32_t rank = order[at - 1];
    const double to_left = add(rank, all);
    left += to_left;
    right -= to_all_[rank] - to_left;
    if (at < min_segment_) continue;
    const auto m = static_cast<double>(at);
    const auto n = static_cast<double>(order.size() - at);
    const double across = total_ - left - right;
    const double energy = 2 * across / (m * n) - left / pairs(m) - right / pairs(n);
    const double q = m * n / (m + n) * energy;
    if (q > best.q) best = {at, q};
  }
  return best;
}

EnergySplit EnergyStretch::best() { return best_of(order_); }

double EnergyStretch::p_of(double q, double alpha, const ChangePointOptions& options) {
  return permuted_p(order_, q, alpha, options,
                    [this](const std::vector<std::uint32_t>& order) { return best_of(order).q; });
}

EnergySplit best_split(std::span<const double> values, std::size_t min_segment) {
  return EnergyStretch(values, min_segment).best();
}

WindowedSplit best_in_windows(std::span<const double> values, double alpha,
                              const ChangePointOptions& options) {
  const EnergySplit best = best_window(values, options.min_segment);
  if (best.at == 0) return {};
  const double p = permuted_p(std::vector<double>(values.begin(), values.end()), best.q, alpha,
                              options, [&options](const std::vector<double>& order) {
                                return best_window(order, options.min_segment).q;
                              });
  return {best.at, p};
}

}  // namespace nsbench
