#include "reports/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace nsbench {
namespace {

TEST(Number, IsTheWholeText) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("  -42\n"), -42);
  EXPECT_EQ(parse_number<std::uint64_t>("000001ffffffffff", 16), 0x1ffffffffffU);
  EXPECT_EQ(parse_number<double>("0.25"), 0.25);
  for (const char* const none :
       {"", " ", "x", "4 2", "42x", "+42", "0x2a", "4.2", "--1", "1e3", "\x34\x32\xff"}) {
    EXPECT_EQ(parse_number<int>(none), std::nullopt) << none;
  }
  EXPECT_EQ(parse_number<int>(std::string_view("4\0", 2)), std::nullopt);
}

TEST(Number, IsNoneBeyondTheType) {
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775807"),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967296"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint32_t>("-1"), std::nullopt);
  for (const char* const none : {"inf", "-inf", "nan", "1e400", "infinity"}) {
    EXPECT_EQ(parse_number<double>(none), std::nullopt) << none;
  }
}

TEST(Number, IsTheFirstWord) {
  EXPECT_EQ(parse_first_number<int>("  512 kB"), 512);
  EXPECT_EQ(parse_first_number<int>("512"), 512);
  EXPECT_EQ(parse_first_number<int>("512kB"), std::nullopt);
  EXPECT_EQ(parse_first_number<int>("99999999999 kB"), std::nullopt);
  EXPECT_EQ(parse_first_number<int>(" \n"), std::nullopt);
}

TEST(Number, IsTakenOffTheFront) {
  std::string_view text = "12-34";
  EXPECT_EQ(take_number<int>(text), 12);
  EXPECT_EQ(text, "-34");
  EXPECT_EQ(take_number<unsigned>(text), std::nullopt);
  EXPECT_EQ(text, "-34");
  EXPECT_EQ(take_number<int>(text), -34);
  EXPECT_EQ(take_number<int>(text), std::nullopt);
}

}  // namespace
}  // namespace nsbench
