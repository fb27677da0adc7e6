#include "reports/terminal_filter.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(TerminalFilter, KeepsLinesAndTabsAndEscapesTheRest) {
  EXPECT_EQ(printable_lines("a\tb\nc\x1b[2J\xc2\x9b\x7f\n"), "a\tb\nc\\x1b[2J\\xc2\\x9b\\x7f\n");
  EXPECT_EQ(printable_lines("serial\r\nbare\rreturn\r"), "serial\nbare\\x0dreturn\\x0d");
  EXPECT_EQ(printable_lines("Zürich ✓\n\n"), "Zürich ✓\n\n");
  EXPECT_EQ(printable_lines(""), "");
  const std::string whole(100'000, 'x');
  EXPECT_EQ(printable_lines(whole), whole);
}

TEST(TerminalFilter, PiecesMakeNoDifference) {
  const std::string text =
      "a\r\nZ\xc3\xbcrich \xe2\x9c\x93 "
      "\xf0\x9f\x90\xa7\r\n\x1b[0m\xff\xc3\xe2\x9c\n\xf0\x9f\r\r\n\xc2";
  for (std::size_t step = 1; step < 6; ++step) {
    TerminalFilter filter;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step)
      out += filter.feed(text.substr(at, step));
    EXPECT_EQ(out + filter.finish(), printable_lines(text)) << step;
  }
}

TEST(TerminalFilter, SaysAtOnceWhatCanBeSaid) {
  TerminalFilter filter;
  EXPECT_EQ(filter.feed("login: "), "login: ");
  EXPECT_EQ(filter.feed("\xe2\x9c"), "");
  EXPECT_EQ(filter.feed("\x93!\r"), "\xe2\x9c\x93!");
  EXPECT_EQ(filter.feed("\n"), "\n");
  EXPECT_EQ(filter.feed("\xe2\x9c"), "");
  EXPECT_EQ(filter.finish(), "\\xe2\\x9c");
  EXPECT_EQ(filter.finish(), "");
}

}  // namespace
}  // namespace nsbench
