#include "reports/formats/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string plain(const Report& report, int width = 100) {
  return to_text(report, {.color = false, .width = width});
}

std::string last_lines_of(const Report& report) {
  const std::string text = plain(report);
  return text.substr(text.rfind("\n\n") + 2);
}

TEST(Text, LooksAsItShould) { expect_golden("sample.txt", plain(sample_report())); }

TEST(Text, LooksAsItShouldOnANarrowTerminal) {
  expect_golden("sample-80.txt", plain(sample_report(), 80));
}

TEST(Text, ShowsHowTimesAreDistributedOnRequest) {
  const std::string text = to_text(sample_report(), {.width = 80, .histogram = true});
  const std::size_t begin = text.find("Distribution of times");
  ASSERT_NE(begin, std::string::npos);
  expect_golden("histogram-80.txt", text.substr(begin, text.find("\n\n", begin) + 1 - begin));
  EXPECT_THAT(plain(sample_report()), Not(HasSubstr("Distribution of times")));
}

Series over(const std::string& id, double p50) {
  Series one;
  one.id = *CaseId::parse(id);
  one.samples = {p50, p50};
  one.calls = 2;
  one.min = one.max = one.mean = p50;
  return one;
}

TEST(Text, HoldsNetworksAgainstLo) {
  Report report = sample_report();
  EXPECT_THAT(plain(report), Not(HasSubstr("in proportion to lo")));
  report.series = {over("network/tcp_rtt_lo:unshare:root", 20'000),
                   over("network/tcp_rtt_veth:unshare:root", 25'000),
                   over("network/tcp_rtt_bridge:unshare:root", 31'000),
                   over("network/udp_mib_lo:unshare:root", 2'000'000),
                   over("network/udp_mib_bridge:unshare:root", 4'000'000)};
  const std::string text = plain(report, 80);
  const std::size_t begin = text.find("Network, in proportion to lo");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(text.substr(begin, text.find("\n\n", begin) - begin),
            "Network, in proportion to lo\n"
            "                   as      lo         veth         bridge\n"
            "  network/tcp_rtt  root  20.0  us     25.0  x1.25    31.0  x1.55\n"
            "  network/udp_mib  root  2.00  ms        -           4.00  x2.00\n"
            "                          500  MiB/s                  250\n"
            "  p50 of each, and how many times lo's of the same run that is; rates are of\n"
            "  these times");
}

TEST(Text, ColourChangesNoWord) {
  const std::string coloured = to_text(sample_report(), {.color = true, .width = 100});
  EXPECT_THAT(coloured, HasSubstr("\x1b[1;31mFAIL\x1b[0m"));
  EXPECT_EQ(std::regex_replace(coloured, std::regex("\x1b\\[[0-9;]*m"), ""),
            plain(sample_report()));
}

TEST(Text, NoLineIsWiderThanItMayBeNorEndsInASpace) {
  for (const int width : {80, 100, 140}) {
    std::istringstream lines(to_text(sample_report(), {.width = width, .histogram = true}));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(Text, NothingThatCameFromTheSystemReachesTheTerminalRaw) {
  Report report = sample_report();
  const std::string bad = "\x1b]0;owned\x07\x9b\n";
  for (std::string* text :
       {&report.kernel.release, &report.kernel.machine, &report.environment.virtualisation,
        &report.environment.host_name, &report.environment.cpu_model, &report.environment.lsm,
        &report.environment.seccomp, &report.environment.missing_capabilities, &report.run.version,
        &report.run.suite, &report.run.started, &report.environment.namespaces[0].first,
        &report.series[0].error}) {
    *text = bad;
  }
  report.series[0].failures = 1;
  report.environment.limits[bad] = 1;
  report.warnings.push_back({bad, bad});
  for (CaseResult& result : report.cases) {
    result.expected = result.observed = bad;
    for (Statement& said : result.statements) said.text = said.expected = said.observed = bad;
  }
  const std::string text = plain(report);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
  EXPECT_THAT(text, Not(HasSubstr("\x9b")));
  EXPECT_THAT(text, HasSubstr("\\x1b]0;owned"));
}

TEST(Text, EndsInTheVerdictAndTheNextCommand) {
  EXPECT_EQ(last_lines_of(healthy_report()),
            "isolation holds: 84 cases, 84 of 84 controls leaked, 9 benchmarks timed, 8 skipped; "
            "exit 0\n"
            "next: nsbench --json=base.json, to save a report to compare with\n");
  EXPECT_THAT(last_lines_of(sample_report()), HasSubstr("ISOLATION IS BROKEN: 2 cases failed: "));
  EXPECT_THAT(last_lines_of(sample_report()),
              HasSubstr("next: nsbench rerun uts/hostname:setns:userns\n"));
}

TEST(Text, DoesNotTellToSaveWhatWasSaved) {
  Report report = healthy_report();
  report.run.command = "nsbench --json=a.json";
  EXPECT_THAT(last_lines_of(report), Not(HasSubstr("next:")));
}

TEST(Text, SaysWhatIsInTheWayIfNothingWasChecked) {
  Report report;
  report.environment.uid = 1000;
  EXPECT_EQ(last_lines_of(report),
            "could not tell: nothing was checked and nothing was timed (0 skipped); exit 3\n"
            "next: sudo nsbench, to check what needs root\n");
}

// The sample's cases, and so many checks of the net family that each can't have a line.
Report long_report() {
  Report report = sample_report();
  const CaseResult model = healthy_report().cases.front();
  for (int i = 0; i < 50; ++i) {
    CaseResult one = model;
    one.id.family = "net";
    one.id.name = "extra_" + std::to_string(i);
    if (i < 3) {
      one.verdict = VerdictKind::Skip;
      one.skip = SkipReason::NoModule;
    }
    report.cases.push_back(one);
  }
  return report;
}

TEST(Text, OfManyChecksShowsFamiliesAndWhatIsWrong) {
  const std::string text = plain(long_report());
  EXPECT_THAT(text, Not(HasSubstr("extra_7")));
  EXPECT_THAT(text, HasSubstr("48/51"));
  EXPECT_THAT(text, HasSubstr("\n    hostname ")) << "one with a failure";
  EXPECT_THAT(text, HasSubstr("1 FAIL"));
  EXPECT_THAT(text, HasSubstr("1 BROKEN")) << "a family";
  const std::string whole = to_text(long_report(), {.every_check = true});
  EXPECT_THAT(whole, HasSubstr("net/extra_7"));
}

TEST(Text, AFailedSeriesShowsNoNumbers) {
  EXPECT_THAT(plain(sample_report(), 140),
              HasSubstr("failed: 3 of 1,000 calls: clone3(CLONE_NEWNET): ENOSPC"));
}

TEST(Text, TimesAloneAreNotCalledIsolation) {
  Report report = healthy_report();
  report.cases.clear();
  EXPECT_THAT(plain(report), Not(HasSubstr("Isolation")));
  EXPECT_THAT(last_lines_of(report), HasSubstr("timed, nothing checked: 9 benchmarks timed"));
}

TEST(NaturalOrder, ComparesNumbersByValue) {
  EXPECT_EQ(text::natural_order("mnt/mounts=9", "mnt/mounts=10"), std::weak_ordering::less);
  EXPECT_EQ(text::natural_order("mnt/mounts=10", "mnt/mounts=2"), std::weak_ordering::greater);
  EXPECT_EQ(text::natural_order("mnt", "mnt/mounts=10"), std::weak_ordering::less);
  EXPECT_EQ(text::natural_order("a1b", "a1c"), std::weak_ordering::less);
  EXPECT_EQ(text::natural_order("a10", "a10"), std::weak_ordering::equivalent);
}

TEST(Grouped, PutsACommaEveryThreeDigits) {
  EXPECT_EQ(text::grouped(0), "0");
  EXPECT_EQ(text::grouped(999), "999");
  EXPECT_EQ(text::grouped(1000), "1,000");
  EXPECT_EQ(text::grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace nsbench
