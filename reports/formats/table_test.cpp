#include "reports/formats/table.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(Table, AlignsColumnsAndEndsNoLineInASpace) {
  Table table;
  table.add({{.text = "way"}, {.text = "calls", .right = true}, {.text = "note"}});
  table.add({{.text = "unshare"}, {.text = "7", .right = true}, {}});
  EXPECT_EQ(table.str(2, 1, 80, false), "  way     calls note\n  unshare     7\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table;
  table.add({{.text = "±2%"}, {.text = "|"}});
  table.add({{.text = "12%"}, {.text = "|"}});
  EXPECT_EQ(table.str(0, 1, 80, false), "±2% |\n12% |\n");
}

TEST(Table, ColourTakesNoColumns) {
  Table table;
  table.add({{.text = "ok", .tone = Tone::Good}, {.text = "|"}});
  table.add({{.text = "FAIL", .tone = Tone::Bad}, {.text = "|"}});
  EXPECT_EQ(table.str(0, 1, 80, true), "\x1b[32mok\x1b[0m   |\n\x1b[1;31mFAIL\x1b[0m |\n");
}

TEST(Table, ACellThatSpansMakesNoColumnWiderAndIsWrapped) {
  Table table;
  table.add({{.text = "a"}, {.text = "1"}, {.text = "2"}});
  table.add({{.text = "b"}, {.text = "failed: all of it", .spans = true}});
  EXPECT_EQ(table.str(0, 1, 12, false), "a 1 2\nb failed:\n  all of it\n");
  EXPECT_EQ(table.width(1), 5U);
}

TEST(Terminal, WrapsAtSpacesOnly) {
  EXPECT_EQ(wrap("one two three", 8, 2, 0), "one two\n  three");
  EXPECT_EQ(wrap("one two", 8, 4, 4), "one\n    two");
  EXPECT_EQ(wrap("a-word-that-is-too-long b", 8, 2, 0), "a-word-that-is-too-long\n  b");
  EXPECT_EQ(wrap("", 8, 2, 0), "");
}

TEST(Terminal, PaintsOnlyInColour) {
  EXPECT_EQ(paint("ok", Tone::Good, false), "ok");
  EXPECT_EQ(paint("", Tone::Good, true), "");
  EXPECT_EQ(paint("x", Tone::Plain, true), "x");
}

}  // namespace
}  // namespace nsbench
