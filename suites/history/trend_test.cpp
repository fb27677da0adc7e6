#include "suites/history/trend.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "suites/history/history_json.h"
#include "suites/history/history_text.h"
#include "suites/history/sparkline.h"
#include "suites/history/trend_html.h"

namespace nsbench::history {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* timed_id = "create/uts:unshare:root";

// The i-th run of a machine; two runs of each kernel.
Point point(int i) {
  Point one;
  one.run.id = i + 1;
  one.run.release = fmt::format("6.{}", 1 + i / 2);
  one.run.version = "#1";
  one.run.machine = "x86_64";
  one.run.machine_id = "m";
  one.run.cpu_model = "CPU";
  one.run.host_name = "host";
  one.run.engine = "bare";
  one.run.clock = "wall";
  one.run.build_type = "release";
  one.run.workload_version = 2;
  one.run.started = fmt::format("2026-03-{:02}T{:02}:00:00Z", 1 + i / 24, i % 24);
  return one;
}

Point timed(int i, double value) {
  Point one = point(i);
  one.value = value;
  if (!std::isfinite(value)) one.verdict = "fail";
  return one;
}

Point judged(int i, const std::string& verdict) {
  Point one = point(i);
  one.verdict = verdict;
  return one;
}

// 10 % slower from the 20th run of 40 on; the values differ a little.
std::vector<Point> slower() {
  std::vector<Point> points;
  for (int i = 0; i < 40; ++i) {
    points.push_back(timed(i, (i < 20 ? 1000 : 1100) * (1 + 0.001 * (i * 7 % 5))));
  }
  return points;
}

Trend trend(std::vector<Point> points, const std::string& unit = "ns") {
  std::vector<std::pair<CaseName, std::vector<Point>>> cases;
  cases.emplace_back(CaseName{1, timed_id, unit}, std::move(points));
  return trend_of(timed_id, std::move(cases), {});
}

TEST(Trend, NamesTheKernelsBetweenWhichItChanged) {
  const Trend found = trend(slower());
  ASSERT_THAT(found.lines, SizeIs(1));
  ASSERT_THAT(found.lines[0].changes.steps, SizeIs(1));
  const std::string text = trend_text(found, {.width = 200});
  EXPECT_THAT(text, HasSubstr("slower  +10.0 %  1.00 us to 1.10 us between 6.10 (2026-03-01 19:00) "
                              "and 6.11 (2026-03-01 20:00), p 0.001"));
  EXPECT_THAT(text, HasSubstr("40 runs of 20 kernels, 2026-03-01 to 2026-03-02"));
  EXPECT_THAT(text, HasSubstr("▁"));
  EXPECT_THAT(text, HasSubstr("█"));
  const auto json = nlohmann::json::parse(trend_json(found));
  const auto& change = json["lines"][0]["changes"][0];
  EXPECT_EQ(change["kind"], "step");
  EXPECT_EQ(change["between"][0]["release"], "6.10");
  EXPECT_EQ(change["between"][1]["release"], "6.11");
  EXPECT_EQ(change["between"][1]["run"], 21);
  EXPECT_NEAR(change["percent"].get<double>(), 10, 0.1);
  EXPECT_EQ(json["method"]["name"], "e-divisive");
  EXPECT_EQ(json["method"]["alpha"], 0.01);
  EXPECT_THAT(json["lines"][0]["points"], SizeIs(40));
}

TEST(Trend, OnlyComparableRunsAreOneLine) {
  struct Other {
    const char* what;
    void (*change)(Point&);
    std::size_t lines;
  };
  const Other others[] = {
      {"machine id", [](Point& p) { p.run.machine_id = "n"; }, 2},
      {"processor", [](Point& p) { p.run.cpu_model = "other"; }, 2},
      {"engine", [](Point& p) { p.run.engine = "qemu-kvm"; }, 2},
      {"clock", [](Point& p) { p.run.clock = "instructions"; }, 2},
      {"workloads", [](Point& p) { p.run.workload_version = 1; }, 2},
      {"debug build", [](Point& p) { p.run.build_type = "debug"; }, 2},
      {"calls a timing", [](Point& p) { p.calls_per_timing = 16; }, 2},
      {"host name", [](Point& p) { p.run.host_name = "renamed"; }, 1},
      {"suite", [](Point& p) { p.run.suite = "full"; }, 1},
  };
  for (const Other& other : others) {
    std::vector<Point> points = slower();
    for (std::size_t i = 20; i < 40; ++i) other.change(points[i]);
    const Trend found = trend(points);
    ASSERT_THAT(found.lines, SizeIs(other.lines)) << other.what;
    if (other.lines == 1) continue;
    // Not a change of the kernel's.
    for (const TrendLine& line : found.lines) EXPECT_THAT(line.changes.steps, IsEmpty());
    EXPECT_EQ(found.lines[0].points.front().run.id, 21) << "the newest first";
    EXPECT_THAT(trend_text(found, {}), HasSubstr("2 lines: runs that can't be compared"));
  }
}

TEST(Trend, InstructionsAreTheSameOnEveryMachineOfThatProcessor) {
  std::vector<Point> points = slower();
  for (std::size_t i = 0; i < 40; ++i) {
    points[i].run.clock = "instructions";
    points[i].run.machine_id = std::to_string(i);
  }
  EXPECT_THAT(trend(points).lines, SizeIs(1));
}

TEST(Trend, TheSecondCopyOfTheBaseIsLeftOutAndThatIsSaid) {
  std::vector<Point> points = slower();
  points[3].run.side = "null";
  const Trend found = trend(points);
  EXPECT_THAT(found.lines[0].points, SizeIs(39));
  EXPECT_THAT(trend_text(found, {}), HasSubstr("1 A/A control is left out"));
}

TEST(Trend, RunsWithoutAResultAreCounted) {
  std::vector<Point> points = slower();
  points[7] = timed(7, Timing::none);
  const Trend found = trend(points);
  EXPECT_EQ(found.lines[0].changes.missing, 1U);
  EXPECT_THAT(trend_text(found, {}), HasSubstr("; 1 without a result"));
}

TEST(Trend, AFewRunsSayThatTheyAreFew) {
  std::vector<Point> points = slower();
  points.resize(5);
  EXPECT_THAT(trend_text(trend(points), {}),
              HasSubstr("too few results for a change to be told: 5 of 11"));
  EXPECT_THAT(trend_text(trend({}), {}), HasSubstr("no runs"));
}

TEST(Trend, ChecksSayWhenTheyBrokeAndWereFixed) {
  std::vector<Point> points;
  const char* verdicts[] = {"pass", "pass", "fail", "fail", "pass", "skip", "broken", "pass"};
  for (int i = 0; i < 8; ++i) points.push_back(judged(i, verdicts[i]));
  points[2].note = "saw the outside";
  points[5].reason = "no-module";
  const Trend found = trend(points, "");
  ASSERT_THAT(found.lines, SizeIs(1));
  EXPECT_FALSE(found.benchmark);
  EXPECT_THAT(
      found.lines[0].turns,
      ElementsAre(Field(&VerdictTurn::turn, Turn::Broke), Field(&VerdictTurn::turn, Turn::Fixed),
                  Field(&VerdictTurn::turn, Turn::Lost), Field(&VerdictTurn::turn, Turn::Gained)));
  const std::string text = trend_text(found, {.width = 200});
  EXPECT_THAT(text, HasSubstr("..FF.sB."));
  EXPECT_THAT(text, HasSubstr("broke   pass to fail between 6.1 (2026-03-01 01:00) and 6.2 "
                              "(2026-03-01 02:00): saw the outside"));
  EXPECT_THAT(text, HasSubstr("no-module"));
  EXPECT_EQ(nlohmann::json::parse(trend_json(found))["lines"][0]["changes"][0]["kind"], "broke");
}

TEST(Trend, KernelsOfOneReleaseAreToldByTheirVersion) {
  std::vector<Point> points = slower();
  points[1].run.version = "#2";
  const Trend found = trend(points);
  const KernelLabels labels(found.lines[0]);
  EXPECT_EQ(labels.of(points[0].run), "6.1 #1");
  EXPECT_EQ(labels.of(points[1].run), "6.1 #2");
  EXPECT_EQ(labels.of(points[2].run), "6.2");
}

TEST(TrendHtml, HostileNamesStayText) {
  constexpr const char* hostile = "</title><script>alert(1)</script><img src=x onerror='a'>\"";
  std::vector<Point> points = slower();
  for (Point& one : points) {
    one.run.release = hostile;
    one.run.version = hostile;
    one.run.host_name = hostile;
    one.run.cpu_model = hostile;
    one.run.engine = hostile;
  }
  points[4].run.release = "\x1b[31m\xff";
  std::vector<Point> checks = {judged(0, "pass"), judged(1, "fail")};
  checks[1].note = hostile;
  for (const std::string& html : {trend_html(trend(points)), trend_html(trend(checks, ""))}) {
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(html, Not(HasSubstr("\x1b")));
    EXPECT_THAT(html, Not(HasSubstr("http://")));
    EXPECT_THAT(html, Not(HasSubstr("https://")));
  }
  EXPECT_THAT(trend_text(trend(points), {}), Not(HasSubstr("\x1b")));
}

TEST(TrendHtml, ShowsTheChangeAndStaysSmall) {
  std::vector<Point> points;
  for (int i = 0; i < 20'000; ++i) points.push_back(timed(i % 600, 1000 + i % 7));
  const std::string html = trend_html(trend(slower()));
  EXPECT_THAT(html, HasSubstr("+10.0 %"));
  EXPECT_THAT(html, HasSubstr("class=\"cut worse\""));
  EXPECT_LT(trend_html(trend(points)).size(), 300'000U);
}

TEST(Sparkline, HasABarForEachValueOrForSeveral) {
  EXPECT_EQ(sparkline(std::vector<double>{1, 2, 3}, 10).bars, "▁▄█");
  EXPECT_EQ(sparkline(std::vector<double>{1, 1, 9, 9}, 2).bars, "▁█");
  EXPECT_EQ(sparkline(std::vector<double>{1, Timing::none, 3}, 10).bars, "▁ █");
  EXPECT_EQ(sparkline(std::vector<double>{Timing::none}, 10).bars, " ");
  EXPECT_EQ(sparkline({}, 10).bars, "");
}

TEST(Sparkline, NoiseStaysSmall) {
  const Sparkline line = sparkline(std::vector<double>{1000, 1001, 999, 1000}, 10);
  EXPECT_NEAR(line.high / line.low, 1.04, 0.001);
  EXPECT_THAT(line.bars, Not(HasSubstr("█")));
  EXPECT_THAT(line.bars, Not(HasSubstr("▁")));
}

}  // namespace
}  // namespace nsbench::history
