// nsbench report as its users run it, and what all commands that write reports have in common.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "reports/file.h"
#include "reports/formats/format.h"
#include "reports/frames.h"
#include "reports/json.h"
#include "reports/received.h"
#include "reports/testdata/sample_report.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ReportCommand : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    sample_ = path("sample.json");
    healthy_ = path("healthy.json");
    ASSERT_TRUE(write_file(sample_, to_json(sample_report())));
    ASSERT_TRUE(write_file(healthy_, to_json(healthy_report())));
  }

  std::string content(const std::string& name) const {
    const Result<std::string> text = read_file(path(name));
    EXPECT_TRUE(text) << name;
    return text ? *text : "";
  }
  static Finished report(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "report"});
    return testing::run_program(arguments);
  }

  std::string sample_, healthy_;
};

TEST_F(ReportCommand, WritesEveryFormatOfTheTable) {
  const Report saved = *from_json(to_json(sample_report()));
  for (const Format& format : all_formats()) {
    if (!serves(format, Serves::Report)) continue;
    const std::string name(format.name);
    const Finished run = report({sample_, "--format", name});
    EXPECT_EQ(run.exit_code, 1) << name << run.err;  // as the run itself
    EXPECT_EQ(run.out, format.of_reports({&saved, 1}, {})) << name;
    EXPECT_THAT(run.err, IsEmpty());
  }
}

TEST_F(ReportCommand, AnyNumberOfFormatsAtOnce) {
  const Finished run = report({healthy_, "--format", "tap13", "--output", path("a"), "--report",
                               "junit:" + path("b"), "--report", "markdown:" + path("c")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, IsEmpty());
  EXPECT_THAT(content("a"), StartsWith("TAP version 13\n"));
  EXPECT_THAT(content("b"), StartsWith("<?xml "));
  EXPECT_THAT(content("c"), StartsWith("## nsbench: isolation holds"));
}

TEST_F(ReportCommand, ASavedReportIsReadAndWrittenAsItWas) {
  EXPECT_EQ(report({sample_, "--json"}).out, content("sample.json"));
  EXPECT_EQ(report({sample_, "--json=" + path("again")}).exit_code, 1);
  EXPECT_EQ(content("again"), content("sample.json"));
}

TEST_F(ReportCommand, TheGravestOfSeveralDecides) {
  EXPECT_EQ(report({healthy_}).exit_code, 0);
  EXPECT_EQ(report({healthy_, sample_, "--format", "ktap"}).exit_code, 1);
}

TEST_F(ReportCommand, BadUsageIsSaidBeforeAnythingIsWritten) {
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--report", "text:" + path("never")});
    const Finished run = report(arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.out, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(path("never")));
    return run.err;
  };
  EXPECT_THAT(refused({sample_, "--format", "yaml"}), HasSubstr("\"yaml\": no such format"));
  EXPECT_THAT(refused({sample_, "--report", "yaml:x"}), HasSubstr("\"yaml\": no such format"));
  EXPECT_THAT(refused({sample_, "--report", "junit"}), HasSubstr("is not FORMAT:FILE"));
  EXPECT_THAT(refused({sample_, "--report", "junit:/nowhere/x"}), HasSubstr("'/nowhere/x'"));
  EXPECT_THAT(refused({sample_, "--output", directory_}), HasSubstr("is a directory"));
  EXPECT_THAT(refused({sample_, "--report", "json:-"}), HasSubstr("both want standard output"));
  EXPECT_THAT(refused({sample_, "--report", "json:" + path("never")}), HasSubstr("both want '"));
  EXPECT_THAT(refused({sample_, healthy_, "--format", "json"}), HasSubstr("2 are given"));
  EXPECT_THAT(refused({path("none.json")}), HasSubstr("none.json"));
}

// What came over a console is put in the order of the catalogue.
std::string sorted(const std::string& json) {
  Report report = *from_json(json);
  std::sort(report.cases.begin(), report.cases.end(),
            [](const CaseResult& a, const CaseResult& b) { return a.id < b.id; });
  return to_json(report);
}

TEST_F(ReportCommand, AConsoleThatWasCapturedGivesItsReportBack) {
  FrameWriter writer;
  const std::string part = writer.lines_of({message_kind::part, content("healthy.json")});
  const std::string end = writer.lines_of({message_kind::end, "0"});
  const std::string boot = "[    0.000000] Linux version 6.12.0\r\nnsbench: booted\r\n";
  ASSERT_TRUE(write_file(path("whole"), boot + part + "ok 1 x\r\n" + end));
  const Finished whole = report({"--from-console", path("whole"), "--json"});
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(sorted(whole.out), sorted(content("healthy.json")));
  EXPECT_THAT(whole.err, IsEmpty());

  ASSERT_TRUE(write_file(path("cut"), boot + part));
  const Finished cut = report({"--from-console", path("cut"), "--json"});
  EXPECT_EQ(cut.exit_code, 3);
  EXPECT_THAT(cut.err, HasSubstr("it ends before the report is complete"));
  EXPECT_TRUE(from_json(cut.out)->run.interrupted);

  ASSERT_TRUE(write_file(path("lost"), boot + part.substr(part.find('\n') + 1) + end));
  const Finished lost = report({"--from-console", path("lost")});
  EXPECT_EQ(lost.exit_code, 3);
  EXPECT_THAT(lost.err, HasSubstr("message 1 (part): part 1 of "));

  const Finished none = report({"--from-console", sample_});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.out, IsEmpty());
  EXPECT_THAT(none.err, HasSubstr("no report of nsbench is in it"));
  EXPECT_EQ(report({"--from-console", path("whole"), sample_}).exit_code, 3);
  EXPECT_EQ(report({"--from-console", path("nowhere")}).exit_code, 2);
}

TEST_F(ReportCommand, TheStepSummaryIsAppendedTo) {
  ASSERT_TRUE(write_file(path("summary"), "before\n"));
  const Finished run =
      testing::run_program({"env", "GITHUB_STEP_SUMMARY=" + path("summary"), NSBENCH_PROGRAM,
                            "report", sample_, "--format", "github"});
  EXPECT_THAT(run.out, StartsWith("::error title="));
  EXPECT_THAT(content("summary"), StartsWith("before\n## nsbench: ISOLATION IS BROKEN"));
  testing::run_program(
      {"env", "-u", "GITHUB_STEP_SUMMARY", NSBENCH_PROGRAM, "report", sample_, "--format=github"});
}

}  // namespace
}  // namespace nsbench
