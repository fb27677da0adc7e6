#include "ci/kernel/console_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "reports/frames.h"
#include "reports/json.h"
#include "reports/partial.h"
#include "reports/received.h"
#include "reports/testdata/sample_report.h"

namespace nsbench::kernel {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* quiet_log =
    "5,1,0,-;Linux version 6.12.0\n6,2,1000000,-;nsbench: begin uts/hostname:clone:root\n"
    "6,3,1000001,-;nsbench: end uts/hostname:clone:root\n SUBSYSTEM=none\n";

// What the tests take that try each line of it.
Report small_report() {
  Report report = sample_report();
  report.cases.resize(3);
  report.series.clear();
  report.warnings.clear();
  return report;
}

// The lines that a guest prints, each with its end.
std::vector<std::string> printed(const Report& report, const std::string& kernel_log = quiet_log) {
  FrameWriter writer;
  ReportParts parts;
  std::string text = "[    0.000000] Linux version 6.12.0\nnsbench: booted\nKTAP version 1\n";
  text += writer.lines_of({message_kind::part, to_json(parts.next(report))});
  for (const CaseResult& result : report.cases) {
    parts.add(result);
    text += "ok 1 " + result.id.str() + "\n";
    text += writer.lines_of({message_kind::part, to_json(parts.next(report))});
  }
  text += writer.lines_of({message_kind::log, kernel_log});
  text += writer.lines_of({message_kind::part, to_json(parts.last(report))});
  text += writer.lines_of({message_kind::end, "1"});
  text += "nsbench: 1 results\nnsbench: end of 1 results: ok\nnsbench: exit status 1\n";
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

bool is_frame(const std::string& line) { return line.starts_with("nsbench-frame "); }

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

// As LAVA's ShellLogger and YAMLLogger write what a target says (lava_dispatcher/shell.py).
std::string as_lava(const std::vector<std::string>& lines) {
  std::string out =
      "- {\"dt\": \"2026-11-30T20:00:00.000001\", \"lvl\": \"info\", \"msg\": \"x\"}\n";
  for (const std::string& line : lines) {
    std::string quoted;
    for (const char c : line.substr(0, line.size() - 1)) {
      if (c == '"') quoted += R"(\\\")";
      if (c == '\\') quoted += R"(\\)";
      if (c != '"' && c != '\\') quoted += c;
    }
    out += R"(- {"dt": "2026-11-30T20:00:00.000001", "lvl": "target", "msg": ")" + quoted + "\"}\n";
    out += R"(- {"dt": "2026-11-30T20:00:00.000001", "lvl": "debug", "msg": "nsbench-frame 1"})"
           "\n";
  }
  return out;
}

void expect_whole(const std::string& text, const Report& report) {
  const ConsoleLog log = read_console_log(text);
  EXPECT_TRUE(log.complete) << log.trouble;
  EXPECT_THAT(log.lost, IsEmpty());
  EXPECT_EQ(log.exit_status, 1);
  EXPECT_EQ(to_json(log.report), to_json(report));
}

TEST(ConsoleLog, AReportComesBackAsItWas) {
  const Report report = sample_report();
  const std::vector<std::string> lines = printed(report);
  expect_whole(joined(lines), report);
  expect_whole(with_crlf(joined(lines)), report);
  expect_whole(as_lava(lines), report);
  // lava-run's own output has no dash.
  std::string bare = as_lava(lines);
  for (std::size_t at = 0; (at = bare.find("\n- {")) != std::string::npos;) bare.erase(at + 1, 2);
  expect_whole(bare, report);
}

TEST(ConsoleLog, EveryLineMayComeTwice) {
  const Report report = sample_report();
  std::string text;
  for (const std::string& line : printed(report)) text += line + line;
  expect_whole(text, report);
}

TEST(ConsoleLog, LinesThatTheKernelSplitArePutTogetherAgain) {
  const Report report = sample_report();
  std::string text;
  std::size_t frames = 0;
  for (const std::string& line : printed(report)) {
    const std::size_t at = is_frame(line) ? line.size() * ++frames % 7 / 7 + 3 : line.size();
    text += line.substr(0, at);
    if (at < line.size()) text += "[    7.654321] IPv6: ADDRCONF(NETDEV_CHANGE): veth0\r\n";
    text += line.substr(at);
  }
  const ConsoleLog log = read_console_log(text);
  EXPECT_TRUE(log.complete) << log.trouble;
  EXPECT_EQ(log.mended, frames);
  EXPECT_EQ(to_json(log.report), to_json(report));
}

TEST(ConsoleLog, EachLostLineIsNoticedAndNamed) {
  const std::vector<std::string> lines = printed(small_report());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> fewer = lines;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const ConsoleLog log = read_console_log(joined(fewer));
    EXPECT_EQ(log.complete, !is_frame(lines[i])) << lines[i];
    if (!is_frame(lines[i])) continue;
    EXPECT_TRUE(log.report.run.interrupted);
    EXPECT_THAT(log.trouble, AnyOf(HasSubstr(" was lost"), HasSubstr("did not arrive whole"),
                                   HasSubstr("it ends before")));
    ASSERT_FALSE(log.report.warnings.empty());
    EXPECT_EQ(log.report.warnings.back().code, "console-lost");
    EXPECT_EQ(log.report.warnings.back().text, log.trouble);
  }
}

TEST(ConsoleLog, EachDamagedLineIsNoticedAndNamed) {
  const std::vector<std::string> lines = printed(small_report());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_frame(lines[i])) continue;
    for (const bool cut : {true, false}) {
      std::vector<std::string> damaged = lines;
      std::string& line = damaged[i];
      const std::size_t middle = line.size() / 2;
      cut ? line.erase(middle) += "\n" : line.replace(middle, 1, line[middle] == 'x' ? "y" : "x");
      const ConsoleLog log = read_console_log(joined(damaged));
      EXPECT_FALSE(log.complete) << line;
      EXPECT_THAT(log.trouble, HasSubstr("the report did not come out whole: a line was damaged"));
      EXPECT_TRUE(log.report.run.interrupted);
    }
  }
}

TEST(ConsoleLog, WhatCameBeforeTheCaptureEndsIsKept) {
  const Report report = small_report();
  const std::vector<std::string> lines = printed(report);
  std::string text;
  std::size_t most = 0;
  for (std::size_t i = 0; i + 5 < lines.size(); ++i) {
    text += lines[i];
    const ConsoleLog log = read_console_log(text + lines[i + 1].substr(0, 20));
    EXPECT_FALSE(log.complete);
    EXPECT_FALSE(log.trouble.empty());
    EXPECT_GE(log.report.cases.size(), most);
    most = log.report.cases.size();
  }
  EXPECT_EQ(most, report.cases.size());
  const ConsoleLog nothing = read_console_log("[    0.000000] Linux version 6.12.0\n");
  EXPECT_FALSE(nothing.any);
  EXPECT_EQ(nothing.trouble, "no report of nsbench is in it");
}

TEST(ConsoleLog, TwoRunsAreNotMixed) {
  Report second = sample_report();
  second.run.seed += 1;
  const ConsoleLog log =
      read_console_log(joined(printed(sample_report())) + joined(printed(second)));
  EXPECT_FALSE(log.complete);
  EXPECT_THAT(log.trouble, HasSubstr("two runs"));
}

TEST(ConsoleLog, SplatsOfTheKernelsLogAreTold) {
  Report report = healthy_report();
  report.kernel.splats.clear();
  const std::string log =
      "6,1,12000000,-;nsbench: begin net/veth:clone:root\n"
      "4,2,12000001,-;------------[ cut here ]------------\n"
      "4,3,12000002,-;WARNING: CPU: 1 PID: 412 at kernel/nsproxy.c:187 free_nsproxy+0x8c/0x90\n"
      "4,4,12000003,-;---[ end trace 0000000000000000 ]---\n"
      "6,5,12000004,-;nsbench: end net/veth:clone:root\n";
  // The console has it too, within a line of ours.
  std::vector<std::string> lines = printed(report, log);
  const std::size_t at = 3;
  ASSERT_TRUE(is_frame(lines[at]));
  lines[at].insert(30,
                   "[   12.000001] ------------[ cut here ]------------\n"
                   "[   12.000002] WARNING: CPU: 1 PID: 412 at kernel/nsproxy.c:187 "
                   "free_nsproxy+0x8c/0x90\n[   12.000003] ---[ end trace 0000000000000000 ]---\n");
  const ConsoleLog read = read_console_log(joined(lines));
  EXPECT_TRUE(read.complete) << read.trouble;
  ASSERT_THAT(read.report.kernel.splats, SizeIs(1));
  EXPECT_EQ(read.report.kernel.splats.front().kind, "warning");
  EXPECT_EQ(read.report.kernel.splats.front().running, "net/veth:clone:root");
}

TEST(ConsoleLog, WhatNsbenchSawItselfIsToldOnce) {
  const std::string log =
      "6,1,12000000,-;nsbench: begin net/veth:clone:root\n"
      "3,2,12000001,-;rcu: INFO: rcu_preempt self-detected stall on CPU\n";
  Report report = healthy_report();
  report.kernel.splats = splats_in_records(log);
  ASSERT_THAT(report.kernel.splats, SizeIs(1));
  EXPECT_EQ(report.kernel.splats.front().kind, "rcu-stall");
  EXPECT_EQ(report.kernel.splats.front().running, "net/veth:clone:root");
  expect_whole(joined(printed(report, log)), report);
}

TEST(ConsoleLog, APanicThatOnlyTheConsoleSawIsTold) {
  std::vector<std::string> lines = printed(healthy_report());
  lines.resize(lines.size() - 6);
  const ConsoleLog log = read_console_log(
      joined(lines) +
      "nsbench-frame 99 1/2 pa[   13.000001] Kernel panic - not syncing: sysrq\r\n" +
      "[   13.000002] ---[ end Kernel panic - not syncing: sysrq ]---\r\n");
  EXPECT_FALSE(log.complete);
  EXPECT_THAT(log.trouble, HasSubstr("the kernel panicked: Kernel panic - not syncing: sysrq"));
  ASSERT_THAT(log.report.kernel.splats, Not(IsEmpty()));
  EXPECT_EQ(log.report.kernel.splats.back().kind, "panic");
}

TEST(ConsoleLog, RecordsOfTheKernelsLogThatAreMissingAreCounted) {
  const KernelLog log = console_of_records(
      "6,10,5,-;one\\x09tab; and more\n SUBSYSTEM=net\n4,11,2000007,c;two\n4,15,3000000,-;three\n"
      "garbage\nx,y,z;garbage\n");
  EXPECT_EQ(log.text,
            "[    0.000005] one\\x09tab; and more\n[    2.000007] two\n[    3.000000] three\n");
  EXPECT_EQ(log.missing, 3U);
}

TEST(ConsoleLog, LavasQuotesAreTakenOff) {
  const auto target = [](const std::string& msg) {
    return console_in_lava_log(R"({"dt": "d", "lvl": "target", "msg": ")" + msg + "\"}\n");
  };
  EXPECT_EQ(target("plain"), "plain\n");
  EXPECT_EQ(target(R"(\\\"a\\\\\\\"b\\\")"), "\"a\\\\\"b\"\n");  // LAVA adds to "a\\"b"
  EXPECT_EQ(target(R"(a\"b)"), "a\"b\n");                        // one that does not
  EXPECT_EQ(target(R"(\x41\u263a\U0001F600\t\e\0\ \/)"),
            std::string("A\u263A\U0001F600\t\x1b\0 /\n", 14));
  EXPECT_EQ(target(R"(cut \x4)"), "cut ?4\n");
  EXPECT_EQ(console_in_lava_log("a line\nanother"), "a line\nanother\n");
}

}  // namespace
}  // namespace nsbench::kernel
