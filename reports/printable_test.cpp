#include "reports/printable.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("lab-7 (Zürich) ✓ 名"), "lab-7 (Zürich) ✓ 名");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesWhatDrivesATerminal) {
  EXPECT_EQ(printable("a\x1b[31m\nb\tc\x7f"), "a\\x1b[31m\\nb\\tc\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // CSI as a C1 control
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xaeb");  // right-to-left override
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
  for (const std::string hidden :
       {"\xd8\x9c", "\xe2\x80\x8b", "\xe2\x80\xa8", "\xe2\x81\xa0", "\xe2\x81\xa6", "\xef\xbb\xbf",
        "\xef\xbf\xb9", "\xf3\xa0\x81\x81"}) {
    EXPECT_EQ(printable(hidden).size(), 4 * hidden.size()) << printable(hidden);
  }
}

TEST(Printable, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("aüb", 2), "a...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

}  // namespace
}  // namespace nsbench
