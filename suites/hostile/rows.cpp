#include "suites/hostile/rows.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "reports/gate.h"
#include "reports/json.h"

namespace nsbench::testing {

namespace {

using namespace std::chrono_literals;

std::vector<std::string> command_of(const Row& row) {
  std::vector<std::string> words{NSBENCH_PROGRAM, "run",    "--json",   "--filter",
                                 row.cases,       "--time", row.seconds};
  words.insert(words.end(), row.options.begin(), row.options.end());
  return words;
}

// Not in time on a machine that others keep busy: no environment's doing.
bool is_late(const CaseResult& result) {
  if (result.verdict != VerdictKind::Broken) return false;
  for (const char* sign : {"ETIMEDOUT", "hung", "no result within"}) {
    if (result.observed.find(sign) != std::string::npos) return true;
  }
  return false;
}

// Has those that were late run once more, by themselves, and takes what they come to then. False:
// none was.
bool ask_the_late_again(const Surroundings& where, Report& there) {
  std::string late;
  for (const CaseResult& one : there.cases) {
    if (!is_late(one)) continue;
    late += (late.empty() ? "^(" : "|") + one.id.with_control(false).str();
  }
  if (late.empty()) return false;
  const std::string filter = late + ")$";
  const Ended ended = run_there(
      where, {NSBENCH_PROGRAM, "run", "--json", "--checks-only", "--jobs", "1", "--filter", filter},
      300s);
  const Result<Report> again = from_json(ended.out);
  if (!again) return false;
  for (CaseResult& one : there.cases) {
    for (const CaseResult& second : again->cases) {
      if (second.id == one.id) one = second;
    }
  }
  return true;
}

}  // namespace

const Result<Report>& undisturbed(const std::vector<std::string>& command) {
  static std::map<std::vector<std::string>, Result<Report>> known;
  const auto found = known.find(command);
  if (found != known.end()) return found->second;
  Result<Report> report = from_json(run_there({}, command, 300s).out);
  if (report) ask_the_late_again({}, *report);
  return known.emplace(command, std::move(report)).first->second;
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

std::string name_of(const ::testing::TestParamInfo<Row>& info) { return info.param.name; }

void HostileTo::run() {
  const Row& row = GetParam();
  if (row.root && ::geteuid() != 0) GTEST_SKIP() << "needs root to make it";
  if (const std::string missing = missing_program(row.programs); !missing.empty()) {
    GTEST_SKIP() << missing;
  }
  const Ended possible = run_there(row.where, {"true"}, 60s);
  if (possible.exit_code != 0) GTEST_SKIP() << "can't be made here: " << possible.str();
  const std::vector<std::string> command = command_of(row);
  const Result<Report>& here = undisturbed(command);
  ASSERT_TRUE(here) << here.error().str();
  const Ended ended = run_there(row.where, command, 300s);
  SCOPED_TRACE(ended.str());
  ASSERT_FALSE(ended.hung);
  ASSERT_EQ(ended.signal, 0);
  Result<Report> there = from_json(ended.out);
  ASSERT_TRUE(there) << there.error().str();
  const bool asked_again = ask_the_late_again(row.where, *there);
  expect_the_same_but(row.lost, *there, *here);
  if (!asked_again) {
    EXPECT_EQ(ended.exit_code, static_cast<int>(decide(*there).code));
  }
  const Summary summary = summarise(*there);
  EXPECT_EQ(summary.pass == 0, row.nothing);
  EXPECT_EQ(ended.exit_code == 3, row.nothing);
}

}  // namespace nsbench::testing
