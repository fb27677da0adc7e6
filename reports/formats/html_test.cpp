#include "reports/formats/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/testdata/compared.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/hostile.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view begin_of_data = "<script type=\"application/json\" id=\"data\">";

// Without what the page brings along: its style, script, and the policy with their hashes.
std::string own_part(std::string page) {
  const auto cut = [&page](std::string_view from, std::string_view to) {
    const std::size_t begin = page.find(from);
    const std::size_t end = begin == std::string::npos ? begin : page.find(to, begin);
    ASSERT_NE(end, std::string::npos) << from;
    page.erase(begin + from.size(), end - begin - from.size());
  };
  cut("<style>", "</style>");
  cut("<script>", "</script>");
  cut("default-src 'none'; ", "\">");
  return page;
}

nlohmann::json data_of(const std::string& page) {
  const std::size_t begin = page.find(begin_of_data) + begin_of_data.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

std::string page_of(const SampleSides& sides) {
  const std::vector<Report> base{sides.base};
  const std::vector<Report> now{sides.now, sides.null};
  return to_html(compared(base, now), base, now);
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++n;
  return n;
}

TEST(Html, LooksAsItShould) {
  expect_golden("sample.html", own_part(to_html(sample_report())));
  expect_golden("comparison.html", own_part(page_of(sample_sides())));
}

TEST(Html, TheDataHaveEveryCellOfTheMatrix) {
  const std::string page = to_html(sample_report());
  const nlohmann::json data = data_of(page);
  std::size_t cells = 0;
  for (const char* verdict : {"pass", "fail", "broken", "skip"}) {
    cells +=
        count(page.substr(page.find("<table class=matrix")), "<td class=" + std::string(verdict));
  }
  EXPECT_EQ(data["cases"].size(), cells);
  std::size_t real = 0;
  for (const CaseResult& result : sample_report().cases) real += result.id.control ? 0 : 1;
  EXPECT_EQ(cells, real);
}

TEST(Html, StatementsAreFoundAgain) {
  const Report report = sample_report();
  const nlohmann::json data = data_of(to_html(report));
  // The first cell is pid/first_is_one:clone:root.
  const nlohmann::json& one = data["cases"][0];
  const nlohmann::json& statement =
      data["statements"][data["lists"][one[0][1].get<int>()][0].get<int>()];
  EXPECT_EQ(data["texts"][statement[1].get<int>()], "the first process inside is PID 1");
  EXPECT_EQ(one[1], "pass");  // its control
}

TEST(Html, HostileTextIsText) {
  const Report hostile = hostile_report();
  const std::vector<Report> both{hostile};
  std::vector<Report> now = both;
  now.front().run.seed = 43;
  for (CaseResult& result : now.front().cases) {
    if (result.verdict == VerdictKind::Pass && !result.id.control)
      result.verdict = VerdictKind::Fail;
  }
  for (const std::string& page : {to_html(hostile), to_html(compared(both, now), both, now)}) {
    const std::string own = own_part(page);
    EXPECT_EQ(count(own, "<script"), 2U);
    EXPECT_EQ(count(own, "</script"), 2U);
    EXPECT_EQ(count(own, "<style"), 1U);
    EXPECT_EQ(count(own, "</title"), 1U);
    EXPECT_THAT(own, Not(HasSubstr("<img")));
    EXPECT_THAT(own, Not(HasSubstr("<!--")));
    EXPECT_THAT(own, Not(HasSubstr("\x1b")));
    EXPECT_THAT(own, Not(HasSubstr("\xff")));
    EXPECT_THAT(own, HasSubstr("&lt;script&gt;document.title=&#39;owned&#39;"));
    EXPECT_FALSE(data_of(page).empty());
  }
}

TEST(Html, AsksForNothing) {
  for (const std::string& page : {to_html(sample_report()), page_of(sample_sides())}) {
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
    const std::string own = own_part(page);
    EXPECT_THAT(own, Not(HasSubstr("src=")));
    EXPECT_THAT(own, Not(HasSubstr("<link")));
    EXPECT_THAT(own, Not(HasSubstr("://")));
  }
}

TEST(Html, IsSmall) {
  Report empty = healthy_report();
  empty.cases.clear();
  empty.series.clear();
  EXPECT_LT(to_html(empty).size(), 120'000U);
}

TEST(Html, ChangesOfIsolationComeFirst) {
  const std::string page = page_of(sample_sides());
  EXPECT_LT(page.find("Regressed: held before, fails now"), page.find("<table class=changes"));
  EXPECT_LT(page.find("Regressed: held before, fails now"), page.find("Fixed: failed before"));
}

}  // namespace
}  // namespace nsbench
