#include "reports/formats/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/testdata/compared.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Markdown, LooksAsItShould) {
  expect_golden("sample.md", to_markdown(sample_report()));
  expect_golden("comparison.md", to_markdown(sample_comparison()));
}

TEST(Markdown, AllRowsOfATableHaveAsManyCells) {
  for (const std::string& text : {to_markdown(sample_report()), to_markdown(sample_comparison())}) {
    std::size_t wanted = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('|')) {
        wanted = 0;
        continue;
      }
      std::size_t bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i) {
        bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
      }
      if (wanted == 0) wanted = bars;
      EXPECT_EQ(bars, wanted) << line;
    }
  }
}

TEST(Markdown, HostileTextIsNoMarkup) {
  Report report = sample_report();
  report.kernel.release = "<script>alert(1)</script>\n# faked";
  report.environment.host_name = "| a | [x](http://evil) @someone";
  report.warnings.push_back({"code", "![image](http://evil)\n::error::faked"});
  const std::string text = to_markdown(report);
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_THAT(text, Not(HasSubstr("\n# faked")));
  EXPECT_THAT(text, Not(HasSubstr("\n::error")));
  EXPECT_THAT(text, HasSubstr("\\| a \\| \\[x\\](http\\://evil) &#64;someone"));
  EXPECT_THAT(text, HasSubstr("!\\[image\\](http\\://evil)"));
}

}  // namespace
}  // namespace nsbench
