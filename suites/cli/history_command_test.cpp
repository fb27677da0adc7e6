// nsbench history as its users run it: files on disk, what it prints, and its exit status; and what
// is left of the database where it is killed, or run twice at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"
#include "suites/history/history.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using history::Database;
using history::History;
using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class HistoryCommand : public testing::InDirectory {
 protected:
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--db", path("h.db")});
    arguments.insert(arguments.begin(), {NSBENCH_PROGRAM, "history"});
    return arguments;
  }
  Finished run(const std::vector<std::string>& arguments) const {
    return testing::run_program(command(arguments));
  }
  // The `number`th of the sample's kernel; slower from the 20th on.
  Report report(int number) const {
    Report report = sample_report(number < 20 ? 1 : 1.2);
    report.run.started = "2026-02-01T" + std::string(number / 60 < 10 ? "0" : "") +
                         std::to_string(number / 60) + ":" + (number % 60 < 10 ? "0" : "") +
                         std::to_string(number % 60) + ":00Z";
    report.run.seed = static_cast<std::uint64_t>(number);
    report.kernel.release = number < 20 ? "6.18.1" : "6.18.2";
    return report;
  }
  std::vector<std::string> reports(int from, int to) const {
    std::vector<std::string> files;
    for (int i = from; i < to; ++i) {
      files.push_back(saved("r" + std::to_string(i) + ".json", to_json(report(i))));
    }
    return files;
  }
  static std::vector<std::string> with(std::vector<std::string> words,
                                       const std::vector<std::string>& files) {
    words.insert(words.end(), files.begin(), files.end());
    return words;
  }
  // How many runs there are; fails unless each is whole, and the file sound.
  std::int64_t sound_runs() const {
    Result<History> history = History::open(path("h.db"), Database::Access::Create);
    if (!history) {
      ADD_FAILURE() << history.error().str();
      return -1;
    }
    history::Statement check(history->database(), "PRAGMA integrity_check");
    EXPECT_TRUE(check.row());
    EXPECT_EQ(check.text(0), "ok");
    history::Statement keys(history->database(), "PRAGMA foreign_key_check");
    EXPECT_FALSE(keys.row());
    const std::vector<history::Run> runs = *history->runs({}, 0);
    for (const history::Run& run : runs) {
      const Result<std::optional<history::Record>> kept = history->record(run.id);
      // What is in the files has fewer digits than what was written to them.
      const Report read = *from_json(to_json(report(static_cast<int>(run.seed))));
      EXPECT_EQ(fingerprint(**kept), fingerprint(*history::record_of(read)));
    }
    return static_cast<std::int64_t>(runs.size());
  }
};

TEST_F(HistoryCommand, AddsListsAndShows) {
  const std::vector<std::string> files = reports(0, 3);
  const Finished added = run(with({"add"}, files));
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(added.out, files[0] + ": added as run 1\n" + files[1] + ": added as run 2\n" +
                           files[2] + ": added as run 3\n");
  const Finished again = run({"add", files[1]});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, files[1] + ": is there already: run 2\n");
  const Finished list = run({"list"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, AllOf(StartsWith("ID  started"), HasSubstr("6.18.1"), HasSubstr("quick")));
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 4);
  EXPECT_THAT(run({"list", "--limit", "2"}).out, HasSubstr("1 older run is not shown"));
  EXPECT_EQ(run({"list", "--kernel", "6.99"}).out, "no runs\n");
  EXPECT_THAT(run({"list", "--json"}).out, StartsWith("{\n  \"schema\": 1"));
  const Finished show = run({"show", "2"});
  EXPECT_EQ(show.exit_code, 0);
  EXPECT_THAT(show.out, AllOf(StartsWith("run 2, 2026-02-01T00:01:00Z: fail"),
                              HasSubstr("create/uts:unshare:root"), HasSubstr("fail ")));
  EXPECT_THAT(show.out, Not(HasSubstr("\x1b")));  // its host name tries to colour the terminal
  EXPECT_THAT(run({"show", "2", "--json"}).out, HasSubstr("\"benchmarks\": ["));
  const Finished missing = run({"show", "17"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("has no run 17"));
}

TEST_F(HistoryCommand, TrendNamesTheKernel) {
  ASSERT_EQ(run(with({"add"}, reports(0, 40))).exit_code, 0);
  const std::string id = "create/uts:unshare:root";
  const Finished text = run({"trend", id});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("slower  +20.0 %"), HasSubstr("between 6.18.1"),
                              HasSubstr("and 6.18.2")));
  EXPECT_THAT(run({"trend", id, "--threshold", "30"}).out, HasSubstr("no change of 30 % or more"));
  EXPECT_THAT(run({"trend", id, "--json"}).out, HasSubstr("\"kind\":\"step\""));
  EXPECT_EQ(run({"trend", id, "--format", "json"}).out, run({"trend", id, "--json"}).out);
  const Finished html = run({"trend", id, "--format", "html", "--output", path("t.html")});
  EXPECT_EQ(html.exit_code, 0);
  EXPECT_THAT(html.out, IsEmpty());
  EXPECT_THAT(*read_file(path("t.html")), AllOf(StartsWith("<!DOCTYPE html>"), HasSubstr("<svg")));
  const Finished unknown = run({"trend", "create/uts"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("no run in"), HasSubstr(id)));
  EXPECT_THAT(run({"trend", "uts/hostname:setns:root"}).out, HasSubstr("no change of verdict"));
}

TEST_F(HistoryCommand, WholeReportsComeBackAsTheyWere) {
  const std::vector<std::string> files = reports(0, 2);
  ASSERT_EQ(run({"add", "--keep-reports", files[0]}).exit_code, 0);
  ASSERT_EQ(run({"add", files[1]}).exit_code, 0);
  EXPECT_EQ(run({"show", "1", "--report"}).out, *read_file(files[0]));
  const Finished none = run({"show", "2", "--report"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("--keep-reports"));
}

TEST_F(HistoryCommand, BadReportsAreNamedAndTheOthersAdded) {
  const std::vector<std::string> good = reports(0, 2);
  const std::string whole = *read_file(good[0]);
  std::string future = whole;
  const std::string schema = R"("schema":1)";
  ASSERT_NE(future.find(schema), std::string::npos);
  future.replace(future.find(schema), schema.size(), R"("schema":99)");
  Report timeless = report(0);
  timeless.run.started = "once upon a time";
  struct Bad {
    std::string file;
    const char* why;
  };
  const std::vector<Bad> all = {
      {saved("truncated", whole.substr(0, whole.size() / 2)), "truncated: line "},
      {saved("empty", ""), "empty: is empty"},
      {saved("garbage", std::string(100'000, '\xff')), "garbage: line 1"},
      {saved("future", future), "99 is newer than the newest that this nsbench reads"},
      {saved("timeless", to_json(timeless)), "/nsbench/started: 'once upon a time' is no time"},
      {path(""), "is a directory"},
      {path("none"), "ENOENT"},
      {"/dev/zero", "'/dev/zero' is larger than"},
  };
  for (const Bad& bad : all) {
    const Finished alone = run({"add", bad.file});
    EXPECT_EQ(alone.exit_code, 2) << bad.file;
    EXPECT_THAT(alone.err, HasSubstr(bad.why));
    EXPECT_EQ(std::count(alone.err.begin(), alone.err.end(), '\n'), 1) << alone.err;
    EXPECT_FALSE(std::filesystem::exists(path("h.db"))) << "made for nothing";
  }
  const Finished mixed = run({"add", good[0], all[0].file, good[1]});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_EQ(sound_runs(), 2);
}

TEST_F(HistoryCommand, OtherPeoplesFilesAreRefusedAndUntouched) {
  const std::vector<std::string> files = reports(0, 1);
  const std::string text = "Dear diary, this is no database.\n";
  saved("h.db", text);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"add", files[0]}, {"list"}, {"show", "1"}, {"trend", "create/uts:unshare:root"}}) {
    const Finished refused = run(words);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("h.db': is no SQLite database"));
    EXPECT_THAT(refused.out, IsEmpty());
  }
  EXPECT_EQ(*read_file(path("h.db")), text);
  const Finished nowhere = testing::run_program(
      {NSBENCH_PROGRAM, "history", "add", "--db", "/no/such/dir/h.db", files[0]});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, AllOf(HasSubstr("/no/such/dir/h.db"), HasSubstr("ENOENT")));
}

TEST_F(HistoryCommand, UsageIsExplained) {
  EXPECT_EQ(testing::run_program({NSBENCH_PROGRAM, "history"}).exit_code, 2);
  EXPECT_EQ(testing::run_program({NSBENCH_PROGRAM, "history", "list"}).exit_code, 2);
  EXPECT_EQ(run({"add"}).exit_code, 2);
  EXPECT_EQ(run({"show", "x"}).exit_code, 2);
  EXPECT_EQ(run({"trend", "a", "--format", "pdf"}).exit_code, 2);
  EXPECT_THAT(testing::run_program({NSBENCH_PROGRAM, "history", "--help"}).out,
              AllOf(HasSubstr("add"), HasSubstr("trend")));
}

TEST_F(HistoryCommand, TwoJobsCanAddAtOnce) {
  const std::vector<std::string> files = reports(0, 20);
  const auto middle = files.begin() + 10;
  std::vector<pid_t> jobs;
  for (const auto& own : {std::vector<std::string>(files.begin(), middle),
                          std::vector<std::string>(middle, files.end()), files}) {
    jobs.push_back(testing::start_program(command(with({"add"}, own))));
  }
  for (const pid_t job : jobs) {
    int status = 0;
    ASSERT_EQ(::waitpid(job, &status, 0), job);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(sound_runs(), 20);
}

TEST_F(HistoryCommand, KilledAtAnyMomentItLeavesWholeRuns) {
  constexpr int count = 30;
  constexpr int kills = 25;
  const std::vector<std::string> files = reports(0, count);
  std::mt19937_64 random(std::random_device{}());
  std::int64_t before = 0;
  int cut_short = 0;
  for (int i = 0; i < kills; ++i) {
    if (before == count) {  // all are there: again, from nothing
      std::filesystem::remove(path("h.db"));
      before = 0;
    }
    const pid_t job = testing::start_program(command(with({"add"}, files)));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 120'000));
    ::kill(job, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(job, &status, 0), job);
    cut_short += WIFSIGNALED(status) ? 1 : 0;
    const std::int64_t now = sound_runs();
    ASSERT_GE(now, before);  // nothing that was there is lost
    ASSERT_LE(now, count);
    before = now;
  }
  EXPECT_GT(cut_short, 0);
  EXPECT_EQ(run(with({"add"}, files)).exit_code, 0);
  EXPECT_EQ(sound_runs(), count);
}

}  // namespace
}  // namespace nsbench
