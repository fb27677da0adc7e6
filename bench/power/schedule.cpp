#include "bench/power/schedule.h"

#include <algorithm>
#include <numeric>

namespace nsbench::power {

std::vector<Cell> cells_of(const Design& design) {
  std::vector<Cell> cells;
  for (const bool load : design.loads) {
    for (const CaseId& id : design.cases) {
      const Setting setting{.case_id = id, .order = design.order, .load = load};
      if (design.null_weight > 0) cells.push_back({setting, design.null_weight});
      for (const double size : design.sizes) {
        cells.push_back({setting, 1});
        cells.back().setting.planted = design.planted;
        cells.back().setting.size = size;
      }
    }
  }
  return cells;
}

const Cell& choose(std::span<const Cell> cells, std::span<const Trial> done,
                   std::mt19937_64& random) {
  std::vector<std::size_t> counts;
  for (const Cell& cell : cells) {
    counts.push_back(static_cast<std::size_t>(
        std::count_if(done.begin(), done.end(),
                      [&cell](const Trial& trial) { return trial.setting == cell.setting; })));
  }
  std::size_t rounds_done = counts.front() / cells.front().weight;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    rounds_done = std::min(rounds_done, counts[i] / cells[i].weight);
  }
  std::vector<std::size_t> lacking;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t wanted = cells[i].weight * (rounds_done + 1);
    lacking.push_back(wanted > counts[i] ? wanted - counts[i] : 0);
  }
  const std::size_t total = std::accumulate(lacking.begin(), lacking.end(), std::size_t{0});
  std::size_t drawn = std::uniform_int_distribution<std::size_t>(0, total - 1)(random);
  std::size_t chosen = 0;
  while (drawn >= lacking[chosen]) drawn -= lacking[chosen++];
  return cells[chosen];
}

}  // namespace nsbench::power
