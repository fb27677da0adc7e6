#include "bench/power/schedule.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace nsbench::power {
namespace {

Design small_design() {
  return {
      .cases = {*CaseId::parse("create/uts:unshare:root"), *CaseId::parse("join/uts:setns:root")},
      .sizes = {0.03, 0.1},
      .null_weight = 3,
      .loads = {false, true}};
}

std::size_t count(const std::vector<Trial>& trials, const Setting& setting) {
  std::size_t found = 0;
  for (const Trial& trial : trials) found += trial.setting == setting ? 1 : 0;
  return found;
}

Trial trial_of(const Cell& cell) {
  Trial trial;
  trial.setting = cell.setting;
  return trial;
}

TEST(CellsOf, AreAllOfADesign) {
  const std::vector<Cell> cells = cells_of(small_design());
  EXPECT_EQ(cells.size(), 2U * 2U * 3U);
  std::size_t null_weight = 0;
  for (const Cell& cell : cells) {
    if (cell.setting.planted == Planted::Nothing) null_weight += cell.weight;
    EXPECT_EQ(cell.setting.planted == Planted::Nothing, cell.setting.size == 0);
  }
  EXPECT_EQ(null_weight, 2U * 2U * 3U);
}

TEST(Choose, EachRoundHasEachCellAsOftenAsItWeighs) {
  const std::vector<Cell> cells = cells_of(small_design());
  constexpr std::size_t round = 4 * 3 + 8;
  std::mt19937_64 random(7);
  std::vector<Trial> done;
  for (std::size_t rounds = 1; rounds <= 3; ++rounds) {
    for (std::size_t i = 0; i < round; ++i) done.push_back(trial_of(choose(cells, done, random)));
    for (const Cell& cell : cells) {
      EXPECT_EQ(count(done, cell.setting), cell.weight * rounds);
    }
  }
}

TEST(Choose, MixesKindsWithinARound) {
  const std::vector<Cell> cells = cells_of(small_design());
  std::map<bool, int> first;  // whether the first of a round is planted
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    std::mt19937_64 random(seed);
    ++first[choose(cells, {}, random).setting.planted != Planted::Nothing];
  }
  EXPECT_GT(first[false], 10);
  EXPECT_GT(first[true], 10);
}

TEST(Choose, GoesOnWhereAFileEndsWhateverElseIsInIt) {
  const std::vector<Cell> cells = cells_of(small_design());
  std::vector<Trial> done;
  for (const Cell& cell : cells) {
    for (std::size_t i = 0; i < cell.weight; ++i) done.push_back(trial_of(cell));
  }
  done.erase(done.begin() + 4);
  const Setting missing = trial_of(cells[2]).setting;
  // A stop in the middle of a round, and trials of another design.
  Trial other;
  other.setting.case_id = *CaseId::parse("create/net:clone:root");
  done.push_back(other);
  std::mt19937_64 random(3);
  EXPECT_EQ(choose(cells, done, random).setting, missing);
}

}  // namespace
}  // namespace nsbench::power
