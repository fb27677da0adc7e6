#include "reports/formats/markup.h"

#include <gtest/gtest.h>

namespace nsbench::markup {
namespace {

TEST(Markup, XmlHasNoMarkupLeft) {
  EXPECT_EQ(xml("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  EXPECT_EQ(xml(std::string_view("\0\x1b\n", 3)), "\\x00\\x1b\\n");  // XML 1.0 allows none of them
  EXPECT_EQ(xml("größer"), "größer");
  EXPECT_EQ(xml("\xff"), "\\xff");
}

TEST(Markup, MarkdownStaysTheTextItIs) {
  EXPECT_EQ(markdown("a_b*c* [x](y) | `z` <img>"),
            "a\\_b\\*c\\* \\[x\\](y) \\| \\`z\\` &lt;img&gt;");
  EXPECT_EQ(markdown("@someone #1 http://x"), "&#64;someone \\#1 http\\://x");
  EXPECT_EQ(markdown("one\ntwo"), "one\\\\ntwo");
}

TEST(Markup, CodeHoldsWhateverItIsGiven) {
  EXPECT_EQ(code("uts/hostname:clone:root"), "`uts/hostname:clone:root`");
  EXPECT_EQ(code("a`b"), "`` a`b ``");
  EXPECT_EQ(code("``"), "``` `` ```");
  EXPECT_EQ(code("a|b"), "`a\\|b`");
  EXPECT_EQ(code(""), "");
}

}  // namespace
}  // namespace nsbench::markup
