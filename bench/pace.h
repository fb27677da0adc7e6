// How long a batch may take: the part of the session that is arithmetic alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace nsbench::bench {

class Pace {
 public:
  // Seconds of wall time for each case, with all that is not timed.
  explicit Pace(const std::vector<double>& seconds_of_case);
  // The same for each.
  Pace(std::size_t cases, double seconds_per_case)
      : Pace(std::vector<double>(cases, seconds_per_case)) {}

  // Batches of a case, warm-up included: five at least; ten, where that gives each 50 ms, since
  // fewer pairs of batches can decide nothing; more where each has 100 ms.
  [[nodiscard]] std::size_t batches(std::size_t index) const { return parts_[index].batches; }
  // Of these, how many come first and are dropped.
  [[nodiscard]] std::size_t warmup_batches(std::size_t index) const {
    return batches(index) < 20 ? 1 : 2;
  }
  [[nodiscard]] std::size_t total_batches() const;

  // As many as the case with the most batches has.
  [[nodiscard]] std::size_t rounds() const { return rounds_; }
  // Whether the case has a batch in this round (from 0): a case with fewer batches sits some rounds
  // out, evenly over the session.
  [[nodiscard]] bool takes_part(std::size_t index, std::size_t round) const;

  // Whether the case has had enough: where single calls take long, batches overrun. It has used up
  // twice its seconds, and has as many batches as decide something.
  [[nodiscard]] bool is_overdrawn(std::size_t index, std::size_t batches_done,
                                  double seconds_spent) const;

  [[nodiscard]] double total_seconds() const { return total_seconds_; }
  // Seconds of one batch of the case, with all that belongs to it, if all goes as planned.
  [[nodiscard]] double planned(std::size_t index) const { return parts_[index].batch_seconds; }
  // Seconds for the next batch's calls, when `elapsed` is used up, batches that were planned with
  // `planned_left` seconds are to come, this one included, and `overhead_left` of their time will
  // go into what belongs to them: the start of a process, waiting until namespaces are gone.
  [[nodiscard]] double for_calls(std::size_t index, double elapsed, double overhead_left,
                                 double planned_left) const;
  // The least that for_calls() answers: for a batch that only warms up.
  [[nodiscard]] double least_for_calls(std::size_t index) const { return planned(index) / 5; }

 private:
  struct Part {
    std::size_t batches = 0;
    double batch_seconds = 0;
  };
  std::vector<Part> parts_;
  std::size_t rounds_ = 0;
  double total_seconds_ = 0;
};

// The cases of one round in random order. Every case comes once per round, so that batches of all
// cases are interleaved, and no case is measured mostly early or mostly late.
std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random);

}  // namespace nsbench::bench
