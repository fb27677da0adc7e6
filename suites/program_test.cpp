// nsbench as its users run it: what it prints, where, and its exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "probes/sandbox/support.h"
#include "reports/file.h"
#include "reports/gate.h"
#include "reports/json.h"
#include "suites/catalog.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Finished nsbench(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), NSBENCH_PROGRAM);
  return testing::run_program(arguments);
}

// nsbench started by way of another program: setpriv, unshare, ...
Finished nsbench_by(std::vector<std::string> wrapper, const std::vector<std::string>& arguments) {
  wrapper.emplace_back(NSBENCH_PROGRAM);
  wrapper.insert(wrapper.end(), arguments.begin(), arguments.end());
  return testing::run_program(wrapper);
}

bool has_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; });
}

Report report_of(const Finished& run) {
  Result<Report> report = from_json(run.out);
  EXPECT_TRUE(report) << report.error().str() << "\n" << run.err;
  return report ? std::move(*report) : Report{};
}

bool can_enter_something() {
  const Report report = report_of(nsbench({"--json", "--filter", "^uts/hostname:clone:"}));
  return std::any_of(report.cases.begin(), report.cases.end(),
                     [](const CaseResult& c) { return c.verdict != VerdictKind::Skip; });
}

TEST(Program, HelpTeaches) {
  const Finished help = nsbench({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"--suite", "--json", "--filter", "rerun", "Exit status:", "Examples:"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
}

TEST(Program, UsageErrorsExit2AndNameTheValue) {
  const Finished suite = nsbench({"--suite", "nightly"});
  EXPECT_EQ(suite.exit_code, 2);
  EXPECT_THAT(suite.err, HasSubstr("nightly"));
  EXPECT_EQ(nsbench({"--no-such-option"}).exit_code, 2);
  EXPECT_EQ(nsbench({"--checks-only", "--benchmarks-only"}).exit_code, 2);
  EXPECT_EQ(nsbench({"--jobs", "0"}).exit_code, 2);
  const Finished filter = nsbench({"--filter", "net/("});
  EXPECT_EQ(filter.exit_code, 2);
  EXPECT_THAT(filter.err, HasSubstr("net/("));
  EXPECT_EQ(nsbench({"--filter", "no such case"}).exit_code, 2);
  const Finished order = nsbench({"--checks-only", "list"});
  EXPECT_EQ(order.exit_code, 2);
  EXPECT_THAT(order.err, HasSubstr("behind the command"));
}

TEST(Program, AReportThatCannotBeWrittenIsSaid) {
  const Finished run = nsbench(
      {"--checks-only", "--filter", "^uts/hostname:clone:root", "--json=/no/such/dir/r.json"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("/no/such/dir"));
}

TEST(Program, AClosedOrFullStandardOutputIsSaid) {
  for (const char* redirection : {">&-", ">/dev/full"}) {
    const Finished run = testing::run_program(
        {"sh", "-c",
         "exec \"$0\" --checks-only --filter ^uts/hostname:clone: " + std::string(redirection),
         NSBENCH_PROGRAM});
    EXPECT_EQ(run.exit_code, 2) << redirection;
    EXPECT_THAT(run.err, HasSubstr("standard output")) << redirection;
  }
}

TEST(Program, JsonIsAllThatStandsOnStandardOutput) {
  const Finished run = nsbench({"--json", "--time", "0.01", "--filter", "hostname|create/uts"});
  const Report report = report_of(run);
  EXPECT_EQ(run.exit_code, static_cast<int>(decide(report).code));
  EXPECT_FALSE(report.cases.empty());
  EXPECT_FALSE(report.series.empty());
  EXPECT_THAT(run.err, IsEmpty()) << "no terminal, so no progress";
}

TEST(Program, AFileGetsTheReportAndStandardOutputTheTables) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("nsbench-test-" + std::to_string(::getpid()));
  const Finished run = nsbench({"--checks-only", "--filter", "^uts/", "--json=" + path});
  EXPECT_THAT(run.out, HasSubstr("uts/hostname"));
  EXPECT_FALSE(has_control_characters(run.out));
  const Result<std::string> text = read_file(path);
  ASSERT_TRUE(text);
  EXPECT_TRUE(from_json(*text));
  std::filesystem::remove(path);
}

TEST(Program, TheSuiteOfContainersHoldsTheirNetworkAgainstLo) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("nsbench-network-" + std::to_string(::getpid()));
  const Finished run =
      nsbench({"--suite", "container", "--time", "0.01", "--filter",
               "^(net/veth:clone3|network/(tcp_rtt|udp_mib)_(lo|veth)):", "--json=" + path});
  const Result<std::string> text = read_file(path);
  ASSERT_TRUE(text) << run.err;
  const Result<Report> report = from_json(*text);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->run.suite, "container");
  for (const CaseResult& one : report->cases) EXPECT_EQ(one.id.subject(), "net/veth");
  ASSERT_EQ(report->series.size(), 4U);
  const bool all = std::all_of(report->series.begin(), report->series.end(),
                               [](const Series& series) { return !series.skip; });
  for (const Series& series : report->series) {
    EXPECT_TRUE(series.is_result() || series.skip) << series.id.str() << ": " << series.error;
  }
  const Finished again = nsbench({"report", path});
  std::filesystem::remove(path);
  if (!all) GTEST_SKIP() << "no network namespaces, or no veth";
  for (const std::string& out : {run.out, again.out}) {
    EXPECT_THAT(out, HasSubstr("Network, in proportion to lo\n"));
    EXPECT_THAT(out, HasSubstr("\n  network/tcp_rtt"));
    EXPECT_THAT(out, HasSubstr("MiB/s"));
  }
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Program, TapIsPrintedAsCasesEnd) {
  const Finished run = nsbench({"run", "--format", "ktap", "--repeat", "2", "--time", "0.01",
                                "--filter", "^uts/hostname:|^join/uts:", "--jobs", "3"});
  const std::size_t cases = count_of(run.out, "ok ");
  EXPECT_GT(cases, 5U);
  EXPECT_THAT(run.out, StartsWith("KTAP version 1\n1.." + std::to_string(cases) + "\n# Linux "));
  EXPECT_THAT(run.out, ::testing::EndsWith("\n"));
  EXPECT_THAT(run.out.substr(run.out.rfind('\n', run.out.size() - 2)),
              HasSubstr("# Totals: pass:"));
}

// As if the kernel had died: what stands there is whole and true.
TEST(Program, AConsoleCarriesTapTheReportAndLavasSignals) {
  const std::string directory =
      ::testing::TempDir() + "nsbench-console-" + std::to_string(::getpid());
  const std::string console = directory + ".console", saved = directory + ".json";
  const Finished run =
      nsbench({"run", "--filter", "^(uts/hostname|create/uts):", "--time", "0.1", "--format",
               "ktap", "--report", "lava:-", "--channel", "-", "--json=" + saved});
  EXPECT_THAT(run.out, StartsWith("KTAP version 1\n"));
  EXPECT_THAT(run.out, HasSubstr("\nnsbench-frame 1 1/"));
  EXPECT_THAT(run.out, HasSubstr("\nok "));
  // A lab that ends the job at this line must not cut anything off.
  const std::size_t last = run.out.rfind("\nnsbench: end of ");
  ASSERT_NE(last, std::string::npos);
  EXPECT_EQ(run.out.find("nsbench-frame", last), std::string::npos);
  EXPECT_EQ(run.out.find("KTAP", last), std::string::npos);
  EXPECT_THAT(run.out, HasSubstr("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=uts.hostname."));
  ASSERT_TRUE(write_file(console, run.out));
  const Finished back = nsbench({"report", "--from-console", console, "--json"});
  EXPECT_EQ(back.exit_code, run.exit_code) << back.err;
  const Report came = report_of(back);
  const Result<std::string> text = read_file(saved);
  ASSERT_TRUE(text);
  const Report kept = *from_json(*text);
  EXPECT_FALSE(came.cases.empty());
  EXPECT_EQ(came.cases.size(), kept.cases.size());
  EXPECT_EQ(came.series.size(), kept.series.size());
  for (const CaseResult& result : kept.cases) {
    const auto same = std::find_if(came.cases.begin(), came.cases.end(),
                                   [&](const CaseResult& one) { return one.id == result.id; });
    ASSERT_NE(same, came.cases.end()) << result.id.str();
    EXPECT_EQ(same->verdict, result.verdict) << result.id.str();
  }
  std::filesystem::remove(console);
  std::filesystem::remove(saved);
}

TEST(Program, WhatIsNoLineCantShareAConsole) {
  for (const char* format : {"json", "junit", "html", "kcidb", "benchfmt"}) {
    const Finished run = nsbench({"run", "--channel", "-", "--format", format});
    EXPECT_EQ(run.exit_code, 2) << format;
    EXPECT_THAT(run.err, HasSubstr(std::string(format) + " and --channel both want"));
  }
  EXPECT_EQ(nsbench({"run", "--format", "ktap", "--report", "tap13:-"}).exit_code, 2);
  EXPECT_EQ(nsbench({"run", "--format", "json", "--report", "lava:-"}).exit_code, 2);
  EXPECT_EQ(nsbench({"run", "--channel", "-", "--benchmark_format=csv"}).exit_code, 2);
}

TEST(Program, WhatTapSaidBeforeADeathIsWhole) {
  const Finished whole = nsbench({"--format", "ktap", "--checks-only", "--seed", "7"});
  const Finished killed = testing::run_program(
      {"timeout", "--signal=KILL", "1", NSBENCH_PROGRAM, "--format", "ktap", "--checks-only"});
  const auto plan = [](const std::string& text) { return text.substr(0, text.find("\n# ")); };
  EXPECT_EQ(plan(killed.out), plan(whole.out));
  EXPECT_THAT(killed.out, ::testing::EndsWith("\n"));
  EXPECT_LT(count_of(killed.out, "\nok "), count_of(whole.out, "\nok "));
  EXPECT_THAT(killed.out, Not(HasSubstr("# Totals")));
}

TEST(Program, ColourIsForTerminalsUnlessAskedFor) {
  const std::vector<std::string> small{"--checks-only", "--filter", "^uts/hostname:clone:"};
  EXPECT_THAT(nsbench(small).out, Not(HasSubstr("\033[")));
  std::vector<std::string> asked = small;
  asked.emplace_back("--color=always");
  EXPECT_THAT(nsbench(asked).out, HasSubstr("\033["));
}

TEST(Program, ListsEveryCase) {
  const Finished list = nsbench({"list", "--cases"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, HasSubstr("net/interfaces:setns.pidfd:userns\n"));
  EXPECT_THAT(list.out, HasSubstr("create/net:clone3:root\n"));
  EXPECT_THAT(nsbench({"list"}).out, HasSubstr("pid/pid_one"));
  EXPECT_THAT(nsbench({"list", "--long"}).out, HasSubstr("uts_namespaces(7)"));
  EXPECT_THAT(nsbench({"list", "--json"}).out, StartsWith("{"));
}

TEST(Program, RerunShowsEveryStep) {
  if (!can_enter_something()) GTEST_SKIP() << "no namespace can be entered here";
  const Finished run = nsbench({"rerun", "uts/hostname:unshare:userns"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, HasSubstr("sethostname"));
  EXPECT_THAT(run.out, HasSubstr("a name set inside is not seen outside"));
  EXPECT_EQ(nsbench({"rerun", "create/uts:unshare:userns", "--time", "0.02"}).exit_code, 0);
  EXPECT_EQ(nsbench({"rerun", "uts/hostname:teleport:root"}).exit_code, 2);
  const Finished unknown = nsbench({"rerun", "uts/no_such:clone:root"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("uts/no_such:clone:root"));
}

TEST(Program, ManyJobsGiveTheVerdictsOfOne) {
  const Report one =
      report_of(nsbench({"--json", "--checks-only", "--jobs", "1", "--filter", "^(uts|ipc)/"}));
  const Report many =
      report_of(nsbench({"--json", "--checks-only", "--jobs", "16", "--filter", "^(uts|ipc)/"}));
  ASSERT_EQ(one.cases.size(), many.cases.size());
  for (std::size_t i = 0; i < one.cases.size(); ++i) {
    EXPECT_EQ(one.cases[i].id.str(), many.cases[i].id.str());
    EXPECT_EQ(id(one.cases[i].verdict), id(many.cases[i].verdict)) << one.cases[i].id.str();
  }
}

// A hole of this machine's kernel: no trouble of ours.
bool lacks_a_fix(const CaseResult& result) {
  const Probe* const probe = find_probe(result.id.subject());
  return result.verdict == VerdictKind::Fail && probe != nullptr && is_about_a_fix(*probe);
}

// Without privileges root's half is skipped with its reason, and the other half runs.
TEST(Program, WorksUnprivileged) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const Finished run = nsbench_by(
      {"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--bounding-set=-all"},
      {"--json", "--time", "0.01"});
  const Report report = report_of(run);
  EXPECT_EQ(run.exit_code, static_cast<int>(decide(report).code));
  for (const CaseResult& c : report.cases) {
    if (c.id.privilege == Privilege::Root) {
      EXPECT_EQ(id(c.verdict), "skip") << c.id.str();
      EXPECT_EQ(c.skip, SkipReason::NoPrivilege) << c.id.str();
    } else if (!c.skip && !lacks_a_fix(c)) {
      EXPECT_EQ(id(c.verdict), "pass") << c.id.str() << ": " << c.observed;
    }
  }
  for (const Series& s : report.series) {
    EXPECT_EQ(s.id.privilege, Privilege::Userns);
    EXPECT_TRUE(s.is_result() || s.skip) << s.id.str() << ": " << s.error;
  }
}

// A shell of util-linux's unshare with the host's /proc still mounted, and one without user
// namespaces: no case may be Broken or Fail for it.
void expect_no_trouble(const Finished& run) {
  const Report report = report_of(run);
  EXPECT_FALSE(report.cases.empty());
  for (const CaseResult& c : report.cases) {
    EXPECT_TRUE(c.verdict == VerdictKind::Pass || c.verdict == VerdictKind::Skip || lacks_a_fix(c))
        << c.id.str() << ": " << id(c.verdict) << ": " << c.observed;
  }
  for (const Series& s : report.series) {
    EXPECT_TRUE(s.is_result() || s.skip) << s.id.str() << ": " << s.error;
  }
}

TEST(Program, WorksInAnUnshareShell) {
  if (testing::run_program({"unshare", "-Urmpf", "true"}).exit_code != 0) {
    GTEST_SKIP() << "unshare -Urmpf does not work here";
  }
  expect_no_trouble(nsbench_by({"unshare", "-Urmpf"}, {"--json", "--time", "0.01"}));
  expect_no_trouble(
      nsbench_by({"unshare", "-Urmpf", "--mount-proc"}, {"--json", "--time", "0.01"}));
}

TEST(Program, WorksWithUserNamespacesOff) {
  if (testing::run_program({"unshare", "-Ur", "true"}).exit_code != 0) {
    GTEST_SKIP() << "unshare -Ur does not work here";
  }
  const Finished run = testing::run_program(
      {"unshare", "-Ur", "sh", "-c",
       "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$0\" --json --time 0.01",
       NSBENCH_PROGRAM});
  expect_no_trouble(run);
  for (const CaseResult& c : report_of(run).cases) {
    if (c.id.privilege != Privilege::Userns && c.id.family != "user") continue;
    if (c.id.control) continue;  // it needs none
    // What is told first may be the one id that is mapped in such a shell.
    EXPECT_TRUE(c.skip == SkipReason::UserNamespacesOff || c.skip == SkipReason::NoPrivilege)
        << c.id.str() << ": " << c.observed;
  }
}

}  // namespace
}  // namespace nsbench
