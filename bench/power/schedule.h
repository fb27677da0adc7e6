// Which comparison of the study is made next.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "bench/power/trial.h"

namespace nsbench::power {

// A setting, and how often it is wanted for each time that a cell of weight 1 is.
struct Cell {
  Setting setting;
  std::size_t weight = 1;
};

struct Design {
  std::vector<CaseId> cases;
  std::vector<double> sizes;  // of what is planted; see Setting::size
  Planted planted = Planted::Spin;
  std::size_t null_weight = 6;  // comparisons of A with A for each one of each size
  Order order = Order::LockStep;
  std::vector<bool> loads{false};
};
std::vector<Cell> cells_of(const Design& design);

// A cell, at random, of those that the current round still lacks: a round has each cell as often as
// it weighs. So all is interleaved, and a stop at any time leaves a balanced set. `done` are all
// trials so far, those of other settings too. `cells` must not be empty.
const Cell& choose(std::span<const Cell> cells, std::span<const Trial> done,
                   std::mt19937_64& random);

}  // namespace nsbench::power
