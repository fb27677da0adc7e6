#include "reports/pattern.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
  const Result<std::regex> regex = parse_pattern(text);
  return regex.ok() ? "accepted" : regex.error().str();
}

bool finds(const std::string& pattern, const std::string& text) {
  return std::regex_search(text, *parse_pattern(pattern));
}

TEST(Pattern, IsAnECMAScriptExpression) {
  EXPECT_TRUE(finds("^create/(net|mnt):", "create/net:clone:root"));
  EXPECT_FALSE(finds("^create/(net|mnt):", "create/uts:clone:root"));
  EXPECT_TRUE(finds("", "anything"));
}

TEST(Pattern, WhatIsNoneIsQuoted) {
  EXPECT_THAT(error_of("net/("), StartsWith("\"net/(\" is no regular expression: "));
  EXPECT_THAT(error_of("\n\x1b[31m("), AllOf(HasSubstr("\\n\\x1b"), Not(HasSubstr("\n"))));
  EXPECT_THAT(error_of(std::string("a\0b", 3)), HasSubstr("a NUL byte"));
}

// 30,000 parentheses overflow a stack of 8 MB.
TEST(Pattern, ALongOneIsRefusedBeforeItIsRead) {
  EXPECT_EQ(error_of(std::string(100'000, '(')),
            "\"" + std::string(100, '(') +
                "...\" is no regular expression: 100000 bytes, and 1000 may be");
  const std::string nested = std::string(500, '(') + std::string(500, ')');
  EXPECT_EQ(error_of(nested), "accepted");
  EXPECT_TRUE(finds(nested, "create/net:clone:root"));
  EXPECT_THAT(error_of("a{99999999999999999999}"), HasSubstr("more than 9 digits"));
  EXPECT_TRUE(finds("mounts=123456789", "create/mnt/mounts=1234567890:clone:root"));
}

// Seconds of one CPU, or more memory than there is, in the standard library.
TEST(Pattern, RepetitionsAreFew) {
  for (const char* many :
       {"a{1000}{1000}{1000}", "a{5000}", "a{1,4097}", "(a{70}b){60,}",
        "[:aup]++k??{1}{2}?{49}?{0}{2}{9409}?", "{999999999}{999999999}{999999999}"}) {
    EXPECT_THAT(error_of(many), AllOf(StartsWith(fmt::format("\"{}\"", many)),
                                      HasSubstr("multiply to more than 4096")));
  }
  EXPECT_TRUE(finds("^[a-z]{1,8}/[a-z_]{1,40}:.{1,10}$", "create/net:clone:root"));
  EXPECT_EQ(error_of("(a{64}){64}"), "accepted");
}

}  // namespace
}  // namespace nsbench
