#include "reports/formats/comparison_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "reports/formats/terminal.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Comparison compared(const SampleSides& sides) {
  return *compare(std::vector{sides.base}, std::vector{sides.now, sides.null}, {});
}

std::string plain(const Comparison& comparison, int width = 100) {
  return to_text(comparison, {.color = false, .width = width});
}

TEST(ComparisonText, LooksAsItShould) {
  expect_golden("comparison.txt", plain(compared(sample_sides())));
}

TEST(ComparisonText, LooksAsItShouldOnANarrowTerminal) {
  expect_golden("comparison-80.txt", plain(compared(sample_sides()), 80));
}

TEST(ComparisonText, SavedRunsLookAsTheyShould) {
  const SampleRuns few = in_turn({{.change = 0.1}, {.id = "join/uts:setns:root"}}, 3);
  std::string text = plain(*compare(few.base, few.now, {}));
  const SampleRuns enough =
      in_turn({{.change = 0.1, .start_scatter = 0.01}, {.id = "join/uts:setns:root"}}, 10);
  text += "\n" + plain(*compare(enough.base, enough.now, {}));
  expect_golden("comparison-runs.txt", text);
}

TEST(ComparisonText, ColourChangesNoWord) {
  const Comparison comparison = compared(sample_sides());
  const std::string coloured = to_text(comparison, {.color = true, .width = 100});
  EXPECT_THAT(coloured, HasSubstr("\x1b[1;31mslower\x1b[0m"));
  EXPECT_EQ(std::regex_replace(coloured, std::regex("\x1b\\[[0-9;]*m"), ""), plain(comparison));
}

TEST(ComparisonText, NoLineIsWiderThanItMayBeNorEndsInASpace) {
  for (const int width : {80, 100, 140}) {
    std::istringstream lines(plain(compared(sample_sides()), width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(ComparisonText, NothingThatCameFromAReportReachesTheTerminalRaw) {
  SampleSides sides = sample_sides();
  const std::string bad = "\x1b]0;owned\x07\x9b\n";
  for (Report* report : {&sides.base, &sides.now}) {
    for (std::string* text : {&report->kernel.release, &report->kernel.machine,
                              &report->kernel.engine, &report->environment.seccomp}) {
      *text = bad;
    }
    report->warnings = {{bad, bad}};
    for (Series& series : report->series) series.unit = bad;
  }
  sides.base.environment.lsm = bad;
  sides.now.series[6].error = bad;
  const std::string text = plain(compared(sides));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
  EXPECT_THAT(text, Not(HasSubstr("\x9b")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;owned"));
}

TEST(ComparisonText, ManyThatAreTheSameAreOneLine) {
  SampleLockstep many{.series = {{.change = 0.05}}};
  for (int i = 0; i < 45; ++i) {
    many.series.push_back(
        {.id = "create/mnt/mounts=" + std::to_string(i) + ":unshare:root", .scatter = 0.002});
  }
  const Comparison comparison = compared(in_lockstep(many));
  EXPECT_THAT(plain(comparison), HasSubstr("\n  45 more are the same; --verbose: each\n"));
  EXPECT_THAT(plain(comparison), Not(HasSubstr("mounts=44")));
  EXPECT_THAT(to_text(comparison, {.every_check = true}), HasSubstr("mounts=44"));
}

TEST(ComparisonText, EndsInTheDecision) {
  const auto last_line = [](const SampleLockstep& sample) {
    const std::string text = plain(compared(in_lockstep(sample)));
    return text.substr(text.rfind("\n\n") + 2);
  };
  EXPECT_EQ(last_line({.series = {{}}}),
            "nothing is known to be worse: 1 benchmark: 1 the same; exit 0\n");
  EXPECT_EQ(last_line({.series = {{.change = 0.05}}}),
            "WORSE: 1 benchmark is slower: create/uts:unshare:root; exit 1\n"
            "1 benchmark: 1 slower\n");
  EXPECT_EQ(last_line({.series = {{.scatter = 0.5}}}),
            "could not tell: not one of 1 benchmarks could be told; exit 3\n"
            "1 benchmark: 1 can't be told\n");
}

}  // namespace
}  // namespace nsbench
