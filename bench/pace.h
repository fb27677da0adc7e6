// How long a batch may take: the part of the session that is arithmetic alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace nsbench::bench {

class Pace {
 public:
  Pace(std::size_t cases, double seconds_per_case);

  // Batches per case, warm-up included.
  [[nodiscard]] std::size_t rounds() const { return rounds_; }
  // Of these, how many come first and are dropped.
  [[nodiscard]] std::size_t warmup_rounds() const { return rounds_ < 20 ? 1 : 2; }
  [[nodiscard]] double total_seconds() const { return total_seconds_; }
  // Wall time for the next batch, with all that belongs to it: what cheap batches leave over and
  // dear ones overdraw is shared among those to come.
  [[nodiscard]] double next_batch(double elapsed, std::size_t batches_left) const;
  // How much of a batch's time its calls get, when all the rest took `overhead` the last time.
  static double for_calls(double batch, double overhead);

 private:
  std::size_t rounds_;
  double total_seconds_;
  double batch_seconds_;
};

// The cases of one round in random order. Every case comes once per round, so that batches of all
// cases are interleaved, and no case is measured mostly early or mostly late.
std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random);

}  // namespace nsbench::bench
