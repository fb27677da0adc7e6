// nsbench compare as its users run it: files on disk, what it prints, and its exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CompareCommand : public testing::InDirectory {
 protected:
  using InDirectory::saved;
  std::string saved(const std::string& name, const Report& report) const {
    return saved(name, to_json(report));
  }
  static Finished compare(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "compare"});
    return testing::run_program(arguments);
  }
  // base.json and new.json of a measurement in lock step
  std::vector<std::string> in_step(const SampleLockstep& sample) const {
    const SampleSides sides = in_lockstep(sample);
    return {saved("base.json", sides.base), saved("new.json", sides.now)};
  }
};

TEST_F(CompareCommand, TwoReportsAreBaseAndNew) {
  const std::vector<std::string> files = in_step({.series = {{.change = 0.03}}});
  const Finished plain = compare(files);
  EXPECT_EQ(plain.exit_code, 1) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("slower  create/uts:unshare:root"));
  EXPECT_THAT(plain.out, HasSubstr("lock step"));
  EXPECT_EQ(compare({files[0], "--", files[1]}).out, plain.out);
  EXPECT_EQ(compare({files[0], "--new", files[1]}).out, plain.out);
  const Finished other_way = compare({files[1], files[0]});
  EXPECT_EQ(other_way.exit_code, 0);
  EXPECT_THAT(other_way.out, HasSubstr("faster  create/uts:unshare:root"));
}

TEST_F(CompareCommand, ManyReportsOnEachSide) {
  const SampleRuns runs = in_turn({{.change = 0.05, .start_scatter = 0.005}}, 8);
  std::vector<std::string> files;
  for (std::size_t i = 0; i < 8; ++i) {
    files.push_back(saved("b" + std::to_string(i), runs.base[i]));
  }
  files.emplace_back("--");
  for (std::size_t i = 0; i < 8; ++i) {
    files.push_back(saved("n" + std::to_string(i), runs.now[i]));
  }
  files.emplace_back("--color=never");  // behind the files, too
  const Finished run = compare(files);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("over runs"));
  EXPECT_THAT(run.out, HasSubstr("8 reports from 8 boots"));
}

TEST_F(CompareCommand, ExitsWith0WhereNothingIsWorse) {
  EXPECT_EQ(compare(in_step({.series = {{}}})).exit_code, 0);
  const std::string healthy = saved("healthy.json", healthy_report());
  Report checks = healthy_report();
  checks.series.clear();
  const std::string only_checks = saved("checks.json", checks);
  EXPECT_EQ(compare({only_checks, only_checks}).exit_code, 0);
}

TEST_F(CompareCommand, ExitsWith1WhereACheckRegressed) {
  Report base = healthy_report();
  base.series.clear();
  Report broken = base;
  broken.cases[0].verdict = VerdictKind::Fail;
  const Finished run = compare({saved("base", base), saved("new", broken)});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr(broken.cases[0].id.str()));
  EXPECT_THAT(run.out, HasSubstr("WORSE"));
}

TEST_F(CompareCommand, ExitsWith3WhereNothingCanBeTold) {
  const std::string before = saved("before", sample_report());
  Report slower = sample_report(1.08);
  const Finished run = compare({before, saved("after", slower)});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.out, HasSubstr("few-runs"));
  EXPECT_THAT(run.out, HasSubstr("compare --run"));
  slower.run.interrupted = true;
  EXPECT_EQ(compare({before, saved("after", slower)}).exit_code, 3);
}

TEST_F(CompareCommand, BrokenInputIsNamedWithItsPlace) {
  const std::string good = in_step({.series = {{}}})[0];
  const std::string bad = saved("bad.json", std::string("{\"nsbench\": {\"schema\": 1,,}}"));
  const Finished syntax = compare({good, bad});
  EXPECT_EQ(syntax.exit_code, 2);
  EXPECT_THAT(syntax.err, HasSubstr(bad + ": line 1, column"));
  std::string text = *read_file(good);
  const std::string value = R"("unit":"ns")";
  const std::size_t at = text.find(value);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, value.size(), R"("unit":7)");
  const Finished wrong = compare({saved("wrong.json", text), good});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("wrong.json: /series/0/unit"));
  const Finished missing = compare({good, path("none.json")});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("none.json"));
  EXPECT_THAT(missing.err, HasSubstr("ENOENT"));
}

TEST_F(CompareCommand, UsageIsExplained) {
  const std::vector<std::string> files = in_step({.series = {{}}});
  const Finished none = compare({});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("BASE.json... -- NEW.json..."));
  const Finished three = compare({files[0], files[1], files[1]});
  EXPECT_EQ(three.exit_code, 2);
  EXPECT_THAT(three.err, HasSubstr("3 reports are given"));
  EXPECT_EQ(compare({"--", files[0]}).exit_code, 2);
  EXPECT_EQ(compare({files[0], "--"}).exit_code, 2);
  EXPECT_EQ(compare({files[0], files[1], "--alpha", "2"}).exit_code, 2);
  EXPECT_EQ(compare({files[0], files[1], "--threshold=-1"}).exit_code, 2);
}

TEST_F(CompareCommand, NothingInCommonIsAnError) {
  const std::string uts = saved("uts", in_lockstep({.series = {{}}}).base);
  const std::string ipc =
      saved("ipc", in_lockstep({.series = {{.id = "create/ipc:unshare:root"}}}).now);
  const Finished run = compare({uts, ipc});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("no case in common"));
  EXPECT_THAT(run.out, IsEmpty());
}

TEST_F(CompareCommand, TheThresholdIsTheUsers) {
  const std::vector<std::string> files = in_step({.series = {{.change = 0.03, .scatter = 0.003}}});
  EXPECT_EQ(compare({files[0], files[1], "--threshold", "5"}).exit_code, 0);
  EXPECT_EQ(compare({files[0], files[1], "--threshold", "2"}).exit_code, 1);
}

TEST_F(CompareCommand, JsonInPlaceOfTheTablesOrBesideThem) {
  std::vector<std::string> files = in_step({.series = {{.change = 0.03}}});
  files.emplace_back("--json");
  const Finished only = compare(files);
  EXPECT_EQ(only.exit_code, 1);
  EXPECT_THAT(only.out, StartsWith("{\n  \"schema\": 1"));
  files.back() = "--json=" + path("out.json");
  const Finished beside = compare(files);
  EXPECT_THAT(beside.out, HasSubstr("slower"));
  EXPECT_EQ(*read_file(path("out.json")), only.out);
  files.back() = "--json=/no/such/dir/out.json";
  const Finished nowhere = compare(files);
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("/no/such/dir"));
}

TEST_F(CompareCommand, ColourIsForTerminalsUnlessAskedFor) {
  std::vector<std::string> files = in_step({.series = {{.change = 0.03}}});
  EXPECT_THAT(compare(files).out, Not(HasSubstr("\033[")));
  files.emplace_back("--color=always");
  EXPECT_THAT(compare(files).out, HasSubstr("\033["));
}

}  // namespace
}  // namespace nsbench
