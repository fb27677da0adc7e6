// nsbench gate over reports that were saved, as its users run it; kernels are booted by boot_test.
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
using ::testing::StartsWith;

class GateCommand : public testing::InDirectory {
 protected:
  using InDirectory::saved;
  std::string saved(const std::string& name, const Report& report) const {
    return saved(name, to_json(report));
  }
  static Finished gate(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "gate"});
    return testing::run_program(arguments);
  }
  // --base and --new of a measurement in lock step.
  std::vector<std::string> sides(double change) const {
    const SampleSides sides = in_lockstep({.series = {{.change = change}}});
    return {"--base", saved("base.json", sides.base), "--new", saved("new.json", sides.now)};
  }
  static std::vector<std::string> with(std::vector<std::string> words,
                                       const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string policy(const std::string& body) const {
    return saved("policy.json", R"({"schema": 1, )" + body + "}");
  }
};

TEST_F(GateCommand, TheVerdictComesFirst) {
  const Finished same = gate(sides(0));
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, StartsWith("PASS: "));
  EXPECT_THAT(same.out, HasSubstr("1 of 1 benchmarks could be told, none is slower"));
  const Finished slower = gate(sides(0.05));
  EXPECT_EQ(slower.exit_code, 1) << slower.out << slower.err;
  EXPECT_THAT(slower.out, StartsWith("FAIL: "));
  EXPECT_THAT(slower.out, HasSubstr("create/uts:unshare:root"));
}

TEST_F(GateCommand, DocumentsAreLeftAlone) {
  const Finished json = gate(with(sides(0), {"--json"}));
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_THAT(json.out, StartsWith("{"));
  EXPECT_THAT(json.err, HasSubstr("PASS: "));
}

TEST_F(GateCommand, BisectionsExitCodes) {
  EXPECT_EQ(gate(with(sides(0), {"--bisect"})).exit_code, 0);
  EXPECT_EQ(gate(with(sides(0.05), {"--bisect"})).exit_code, 1);
  EXPECT_EQ(gate({"--bisect", "--base", saved("a.json", healthy_report())}).exit_code, 128);
  const Finished missing =
      gate({"--bisect", "--base", path("a.json"), "--new", path("no-such-image")});
  EXPECT_EQ(missing.exit_code, 125) << missing.err;
  EXPECT_THAT(missing.err, HasSubstr("no-such-image"));
  const Finished no_base = gate({"--bisect", "--base", path("no-base"), "--new", path("a.json")});
  EXPECT_EQ(no_base.exit_code, 128) << no_base.err;
}

TEST_F(GateCommand, AKnownSlowdownDoesNotFailUntilItExpires) {
  const std::string known = R"("known_issues": [{"case": "^create/uts:", "owner": "somebody",
      "reason": "slower on purpose", "expires": ")";
  const Finished excused =
      gate(with(sides(0.05), {"--policy", policy(known + R"(2999-01-01"}])")}));
  EXPECT_EQ(excused.exit_code, 0) << excused.out << excused.err;
  EXPECT_THAT(excused.out, HasSubstr("slower on purpose (somebody"));
  const Finished expired =
      gate(with(sides(0.05), {"--policy", policy(known + R"(2020-01-01"}])")}));
  EXPECT_EQ(expired.exit_code, 1) << expired.out;
  EXPECT_THAT(expired.out, HasSubstr("expired"));
}

TEST_F(GateCommand, APolicysLimitsAreOfItsCases) {
  const std::string wide = policy(R"("limits": [{"case": "^create/", "threshold": 0.2}])");
  EXPECT_EQ(gate(with(sides(0.05), {"--policy", wide})).exit_code, 0);
  const std::string other = policy(R"("limits": [{"case": "^join/", "threshold": 0.2}])");
  EXPECT_EQ(gate(with(sides(0.05), {"--policy", other})).exit_code, 1);
}

TEST_F(GateCommand, ABadPolicyIsNamedWithItsPlace) {
  const Finished run = gate(with(sides(0), {"--policy", policy(R"("known_issues": [{"case": "a",
      "owner": "b", "reason": "c", "expires": "soon"}])")}));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("policy.json: /known_issues/0/expires"));
  EXPECT_THAT(run.err, HasSubstr("soon"));
}

TEST_F(GateCommand, ADirectoryIsItsReports) {
  const SampleRuns runs = in_turn({{.change = 0.05, .start_scatter = 0.005}}, 8);
  std::filesystem::create_directory(path("base"));
  std::filesystem::create_directory(path("new"));
  for (std::size_t i = 0; i < 8; ++i) {
    saved("base/" + std::to_string(i) + ".json", runs.base[i]);
    saved("new/" + std::to_string(i) + ".json", runs.now[i]);
  }
  const Finished run = gate({"--base", path("base"), "--new", path("new")});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("8 reports from 8 boots"));
  std::filesystem::create_directory(path("empty"));
  const Finished empty = gate({"--base", path("base"), "--new", path("empty")});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_THAT(empty.err, HasSubstr("empty has no report"));
}

TEST_F(GateCommand, TheNewSideCanBecomeTheBase) {
  std::vector<std::string> words = with(sides(0), {"--update-base", path("base")});
  EXPECT_EQ(gate(words).exit_code, 0);
  const Result<std::string> kept = read_file(path("base/01.json"));
  ASSERT_TRUE(kept);
  EXPECT_TRUE(from_json(*kept));
  EXPECT_FALSE(std::filesystem::exists(path("base/02.json")));
}

TEST_F(GateCommand, AMatrixIsReadWithCare) {
  const std::string base = saved("base.json", healthy_report());
  const auto matrix = [&](const std::string& text, const std::vector<std::string>& more = {}) {
    return gate(with({"--base", base, "--matrix", saved("matrix.json", text)}, more));
  };
  const Finished garbage = matrix("{");
  EXPECT_EQ(garbage.exit_code, 2);
  EXPECT_THAT(garbage.err, HasSubstr("matrix.json: line 1"));
  EXPECT_THAT(matrix(R"({"schema": 2, "kernels": []})").err, HasSubstr("/schema"));
  EXPECT_THAT(matrix(R"({"schema": 1, "kernels": []})").err, HasSubstr("lists no kernel"));
  EXPECT_THAT(matrix(R"({"schema": 1, "kernels": [{"name": "a/b", "image": "x"}]})").err,
              HasSubstr("/kernels/0/name"));
  EXPECT_THAT(matrix(R"({"schema": 1, "kernels": [{"name": "a", "imgae": "x"}]})").err,
              HasSubstr("/kernels/0/imgae"));
  const std::string two = R"({"schema": 1, "kernels": [{"name": "a", "image": "x"},
                                                       {"name": "b", "image": "y"}]})";
  EXPECT_THAT(matrix(two, {"--json=" + path("one.json")}).err, HasSubstr("{name}"));
  const Finished missing = matrix(two);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr(path("x")));  // relative to the matrix
  EXPECT_THAT(missing.err, HasSubstr(path("y")));
}

TEST_F(GateCommand, OneNewSideIsNeeded) {
  const std::string base = saved("base.json", healthy_report());
  const Finished none = gate({"--base", base});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("--new, or by --matrix"));
}

}  // namespace
}  // namespace nsbench
