#include "suites/fleet/scale/alarms.h"

#include <gtest/gtest.h>

#include <string>

#include "reports/file.h"
#include "suites/fleet/scale/noise.h"

namespace nsbench::fleet {
namespace {

const Noise& recorded() {
  static const Noise noise = [] {
    const auto text =
        read_file(std::string(NSBENCH_SOURCE_DIR) + "/suites/fleet/scale/testdata/noise.jsonl");
    Result<Noise> read = text ? read_noise(*text) : Result<Noise>(text.error());
    if (!read) ADD_FAILURE() << read.error().str();
    return read ? std::move(*read) : Noise{};
  }();
  return noise;
}

constexpr FleetShape small{.kernels = 30, .boards = 4, .series = 60, .boots = 8};

TEST(Noise, IsWrittenAndRead) {
  const std::string text = to_text(recorded());
  const Result<Noise> again = read_noise(text);
  ASSERT_TRUE(again) << again.error().str();
  EXPECT_EQ(to_text(*again), text);
  EXPECT_EQ(again->series, recorded().series);
  EXPECT_EQ(again->runs.size(), recorded().runs.size());
}

TEST(Noise, WhatIsNoneIsRefused) {
  const std::string head = R"({"series":["create/uts:unshare:root"]})";
  const std::string run = R"({"started":"2026-01-01T00:00:00Z","p25":[[10]]})";
  EXPECT_TRUE(read_noise(head + '\n' + run + '\n' + run));
  EXPECT_FALSE(read_noise(""));
  EXPECT_FALSE(read_noise(head + '\n' + run));
  for (const char* bad : {"[[0]]", "[[-1]]", "[[]]", "[]", "[[null]]", "[[1],[2]]"}) {
    const std::string line = R"({"started":"","p25":)" + std::string(bad) + "}";
    EXPECT_FALSE(read_noise(head + '\n' + run + '\n' + line)) << bad;
  }
}

TEST(Noise, IsCalmed) {
  const auto before = restlessness_of(recorded());
  const auto after = restlessness_of(calmed(recorded(), 0.25));
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(after[i].within, before[i].within / 4, before[i].within / 50);
  }
}

TEST(Alarms, BoardsNeeded) {
  EXPECT_EQ(boards_needed({10, 5, 300, 8}, 0.01), 2U);
  EXPECT_EQ(boards_needed({10'000, 50, 300, 8}, 0.01), 3U);
  EXPECT_EQ(boards_needed({1, 1, 1, 8}, 0.01), 1U);
  EXPECT_EQ(boards_needed({10'000, 1, 300, 8}, 0.01), std::nullopt);
}

// Most comparisons are not made, since their p are too large: nothing may be lost by that.
TEST(Alarms, WhatHasNoTailIsNotSlower) {
  Lab lab(recorded(), small.series, Schedule::InTurn, 1);
  constexpr double alpha = 0.5;
  int slower = 0;
  for (int i = 0; i < 40; ++i) {
    const Boots base = lab.draw(small.boots);
    const Boots now = lab.draw(small.boots);
    const auto found = lab.slower(base, now, {.alpha = alpha});
    const auto tail = lab.tail(base, now, alpha / static_cast<double>(small.series));
    EXPECT_TRUE(!tail.empty() || found.empty());
    slower += found.empty() ? 0 : 1;
  }
  EXPECT_GT(slower, 0);
}

TEST(Alarms, ADayWithoutASlowdown) {
  Lab lab(recorded(), small.series, Schedule::InTurn, 1);
  const FleetRules rules{.alpha = 0.2};
  std::size_t alone = 0;
  std::size_t corrected = 0;
  for (int day = 0; day < 3; ++day) {
    const Day one = simulate_day(lab, small, rules);
    alone += one.alone.series;
    corrected += one.recommended.series;
    EXPECT_EQ(one.comparisons, small.comparisons());
  }
  EXPECT_GE(alone, 4U) << "each comparison by itself alarms: there is something to correct";
  EXPECT_LE(corrected, 1U);
}

TEST(Alarms, ASlowdownIsFound) {
  const Noise calm = calmed(recorded(), 0.25);
  Lab lab(calm, small.series, Schedule::InTurn, 1);
  const std::size_t restless = 10;  // drop/mnt, which varies by more than any slowdown
  const std::size_t steady = 13;    // join/mnt
  const auto found = [&](std::size_t series, std::size_t boards) {
    return simulate_power(lab, small, {}, {series, 0.2}, boards, 1, 5).recommended;
  };
  EXPECT_EQ(found(steady, small.boards), 5U);
  EXPECT_EQ(found(steady, 1), 5U);
  EXPECT_EQ(found(restless, 1), 0U);
}

}  // namespace
}  // namespace nsbench::fleet
