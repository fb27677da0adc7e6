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
  // Seconds for the next batch's calls, when `elapsed` is used up, `batches_left` are to come, this
  // one included, and `overhead_left` of their time will go into what belongs to them: the start of
  // a process, waiting until namespaces are gone.
  [[nodiscard]] double for_calls(double elapsed, double overhead_left,
                                 std::size_t batches_left) const;
  // The least that for_calls() answers: for a batch that only warms up.
  [[nodiscard]] double least_for_calls() const { return batch_seconds_ / 5; }

 private:
  std::size_t rounds_;
  double total_seconds_;
  double batch_seconds_;
};

// The cases of one round in random order. Every case comes once per round, so that batches of all
// cases are interleaved, and no case is measured mostly early or mostly late.
std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random);

}  // namespace nsbench::bench
