#include "suites/lockstep/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench::lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> split(std::string_view text) {
  const Result<std::vector<std::string>> words = words_of(text);
  EXPECT_TRUE(words) << text << ": " << words.error().str();
  return words ? *words : std::vector<std::string>{};
}

TEST(CommandLine, IsSplitAsAShellWould) {
  EXPECT_THAT(split("nsbench"), ElementsAre("nsbench"));
  EXPECT_THAT(split("  a\tb\n c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split("sh -c 'exec \"$0\" worker' x"),
              ElementsAre("sh", "-c", "exec \"$0\" worker", "x"));
  EXPECT_THAT(split("a\\ b \"c \\\" \\\\ \\n\" '\\'"), ElementsAre("a b", "c \" \\ \\n", "\\"));
  EXPECT_THAT(split("a'b c'd \"\" ''"), ElementsAre("ab cd", "", ""));
}

TEST(CommandLine, NothingIsExpanded) {
  EXPECT_THAT(split("~/a $HOME *.c a;b|c >d"), ElementsAre("~/a", "$HOME", "*.c", "a;b|c", ">d"));
}

TEST(CommandLine, WhatIsNoCommandIsSaid) {
  for (const std::string_view text : {"", "   "}) EXPECT_FALSE(words_of(text));
  for (const std::string_view text : {"'", "a 'b", "\"a\\\"", "a\"'"}) {
    const Result<std::vector<std::string>> words = words_of(text);
    ASSERT_FALSE(words) << text;
    EXPECT_THAT(words.error().str(), HasSubstr("left open"));
  }
}

}  // namespace
}  // namespace nsbench::lockstep
