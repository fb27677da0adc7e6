// The history as a library: what is kept comes back, and files that are not ours stay untouched.
#include "suites/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "reports/file.h"
#include "reports/testdata/sample_report.h"
#include "suites/history/schema.h"

namespace nsbench::history {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What the file holds, by SQLite alone.
std::int64_t number_of(const std::string& path, const std::string& sql) {
  Result<Database> database = Database::open(path, Database::Access::Existing);
  EXPECT_TRUE(database) << database.error().str();
  Statement statement(*database, sql);
  const std::int64_t number = statement.row() ? statement.integer(0) : -1;
  EXPECT_TRUE(database->status());
  return number;
}

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "nsbench-history-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name = "h.db") const { return directory_ + "/" + name; }
  static History opened(const std::string& path) {
    Result<History> history = History::open(path, Database::Access::Create);
    EXPECT_TRUE(history) << history.error().str();
    return std::move(*history);
  }
  // Runs SQL on a file of its own making.
  static void run_sql(const std::string& path, const std::string& sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_close(connection);
  }

 private:
  std::string directory_;
};

// The `number`th run of a machine.
Record record_number(int number) {
  Report report = sample_report();
  report.run.started = "2026-02-" + std::to_string(10 + number) + "T08:00:00Z";
  report.run.seed = static_cast<std::uint64_t>(number);
  Result<Record> record = record_of(report);
  EXPECT_TRUE(record) << record.error().str();
  return *record;
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(fingerprint(a), fingerprint(b));
  ASSERT_EQ(a.checks.size(), b.checks.size());
  for (std::size_t i = 0; i < a.checks.size(); ++i) {
    EXPECT_EQ(a.checks[i].note, b.checks[i].note);
  }
  ASSERT_EQ(a.timings.size(), b.timings.size());
  for (std::size_t i = 0; i < a.timings.size(); ++i) {
    EXPECT_EQ(a.timings[i].note, b.timings[i].note);
    EXPECT_EQ(a.timings[i].reason, b.timings[i].reason);
    EXPECT_EQ(a.timings[i].calls, b.timings[i].calls);
    EXPECT_EQ(std::isnan(a.timings[i].p90), std::isnan(b.timings[i].p90));
  }
  EXPECT_EQ(a.run.release, b.run.release);
  EXPECT_EQ(a.run.version, b.run.version);
  EXPECT_EQ(a.run.cpu_model, b.run.cpu_model);
  EXPECT_EQ(a.run.host_name, b.run.host_name);
  EXPECT_EQ(a.run.started, b.run.started);
  EXPECT_EQ(a.run.seed, b.run.seed);
  EXPECT_EQ(a.run.command, b.run.command);
  EXPECT_EQ(a.run.seconds, b.run.seconds);
  EXPECT_EQ(a.run.exit_code, b.run.exit_code);
  EXPECT_EQ(a.run.summary.pass, b.run.summary.pass);
  EXPECT_EQ(a.run.summary.series_skipped, b.run.summary.series_skipped);
  EXPECT_EQ(a.run.warnings, b.run.warnings);
}

TEST_F(HistoryTest, WhatIsAddedComesBack) {
  const Record record = record_number(1);
  History history = opened(path());
  const Result<Added> added = history.add(record, std::nullopt);
  ASSERT_TRUE(added) << added.error().str();
  EXPECT_TRUE(added->is_new);
  const Result<std::optional<Record>> back = history.record(added->id);
  ASSERT_TRUE(back && *back);
  expect_same(**back, record);
  // With what is neither pass nor result among it, or this test would say little.
  const auto not_pass = [](const Check& check) { return check.verdict != "pass"; };
  EXPECT_TRUE(std::any_of(record.checks.begin(), record.checks.end(), not_pass));
  EXPECT_THAT(record.timings, ::testing::Contains(Field(&Timing::verdict, "skip")));
  EXPECT_FALSE(history.record(99)->has_value());
}

TEST_F(HistoryTest, TheSameReportIsThereOnce) {
  History history = opened(path());
  const Record record = record_number(1);
  ASSERT_TRUE(history.add(record, std::nullopt));
  const Result<Added> again = history.add(record, std::nullopt);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->id, 1);
  EXPECT_EQ(*history.count({}), 1);
  // The null side of a measurement in lock step has the same start and seed.
  Record null = record;
  null.run.side = "null";
  EXPECT_TRUE(history.add(null, std::nullopt)->is_new);
}

TEST_F(HistoryTest, AnEditedReportIsRefused) {
  History history = opened(path());
  Record record = record_number(1);
  ASSERT_TRUE(history.add(record, std::nullopt));
  record.timings.front().typical *= 0.5;
  const Result<Added> edited = history.add(record, std::nullopt);
  ASSERT_FALSE(edited);
  EXPECT_THAT(edited.error().str(),
              HasSubstr("run 1 has the same kernel, machine, start and seed"));
  EXPECT_EQ(*history.count({}), 1);
  EXPECT_TRUE(history.add(record_number(2), std::nullopt));  // and it goes on
}

TEST_F(HistoryTest, AReportWithoutATimeHasNoPlace) {
  Report report = sample_report();
  for (const char* wrong : {"", "yesterday", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+01:00"}) {
    report.run.started = wrong;
    const Result<Record> record = record_of(report);
    ASSERT_FALSE(record) << wrong;
    EXPECT_THAT(record.error().str(), HasSubstr("/nsbench/started"));
  }
}

TEST_F(HistoryTest, RunsHavePlansInCommon) {
  History history = opened(path());
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(history.add(record_number(i), std::nullopt));
  Record fewer = record_number(6);
  fewer.checks.pop_back();
  ASSERT_TRUE(history.add(fewer, std::nullopt));
  EXPECT_EQ(number_of(path(), "SELECT count(*) FROM plan"), 2);
  EXPECT_EQ(number_of(path(), "SELECT count(*) FROM verdict WHERE verdict = 'pass'"), 0);
  expect_same(**history.record(6), fewer);
}

TEST_F(HistoryTest, RunsAreListedNewestFirstAndFiltered) {
  History history = opened(path());
  for (const int number : {2, 3, 1}) {
    Record record = record_number(number);
    record.run.release = "6." + std::to_string(number);
    record.run.version = "#1";
    if (number == 3) record.run.host_name = "elsewhere";
    ASSERT_TRUE(history.add(record, std::nullopt));
  }
  const auto ids = [&](const Filter& filter, std::size_t limit = 0) {
    std::vector<std::int64_t> ids;
    const std::vector<nsbench::history::Run> runs = *history.runs(filter, limit);
    for (const nsbench::history::Run& run : runs) ids.push_back(run.id);
    return ids;
  };
  EXPECT_THAT(ids({}), ElementsAre(2, 1, 3));
  EXPECT_THAT(ids({}, 2), ElementsAre(2, 1));
  EXPECT_THAT(ids({.kernel = "6.1"}), ElementsAre(3));
  EXPECT_THAT(ids({.machine = "elsewhere"}), ElementsAre(2));
  EXPECT_THAT(ids({.kernel = "' OR 1 = 1 --"}), IsEmpty());
  EXPECT_EQ(*history.count({.machine = "elsewhere"}), 1);
}

TEST_F(HistoryTest, PointsAreOfRunsThatAskedForTheCase) {
  History history = opened(path());
  for (const int number : {2, 1, 3}) {
    Record record = record_number(number);
    if (number == 3) record.timings.clear();
    ASSERT_TRUE(history.add(record, std::nullopt));
  }
  const Record record = record_number(1);
  const Timing& timing = record.timings.front();
  const std::vector<CaseName> names = *history.cases_named(timing.id);
  ASSERT_THAT(names, SizeIs(1));
  const std::vector<Point> points = *history.points(names.front(), {});
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].run.id, 2);  // the older one
  EXPECT_EQ(points[0].value, timing.typical);
  const std::vector<CaseName> checks = *history.cases_named(record.checks.front().id);
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_THAT(*history.points(checks.front(), {}), SizeIs(3));
  EXPECT_THAT(*history.cases_named("no/such:case:root"), IsEmpty());
}

TEST_F(HistoryTest, WholeReportsAreKeptOnlyIfAsked) {
  History history = opened(path());
  const std::string text(100'000, 'x');
  ASSERT_TRUE(history.add(record_number(1), text));
  ASSERT_TRUE(history.add(record_number(2), std::nullopt));
  EXPECT_EQ(**history.document(1), text);
  EXPECT_FALSE(history.document(2)->has_value());
  ASSERT_TRUE(history.add(record_number(2), text));  // later, too
  EXPECT_EQ(**history.document(2), text);
  EXPECT_LT(number_of(path(), "SELECT length(deflated) FROM document WHERE run_id = 1"), 1000);
  run_sql(path(),
          "UPDATE document SET bytes = 1 << 40 WHERE run_id = 1;"
          "UPDATE document SET deflated = x'00' WHERE run_id = 2");
  EXPECT_THAT(history.document(1).error().str(), HasSubstr("damaged"));
  EXPECT_THAT(history.document(2).error().str(), HasSubstr("damaged"));
}

TEST_F(HistoryTest, AnOlderSchemaIsBroughtUpToDate) {
  const Result<std::string> sql =
      read_file(NSBENCH_SOURCE_DIR "/suites/history/testdata/version-1.sql");
  ASSERT_TRUE(sql);
  run_sql(path(), *sql);
  History history = opened(path());
  EXPECT_EQ(number_of(path(), "PRAGMA user_version"), schema_version);
  EXPECT_EQ(*history.count({}), 2);
  const Record old = **history.record(1);
  EXPECT_THAT(old.checks,
              ElementsAre(Field(&Check::verdict, "fail"), Field(&Check::verdict, "pass")));
  EXPECT_THAT(old.timings, ElementsAre(Field(&Timing::typical, 1500.5)));
  // It has no fingerprint: by its key it is the same run.
  EXPECT_FALSE(history.add(old, std::nullopt)->is_new);
  ASSERT_TRUE(history.add(record_number(1), "{}"));
  EXPECT_EQ(**history.document(3), "{}");
  // A second time there is nothing to do.
  EXPECT_EQ(*opened(path()).count({}), 3);
}

TEST_F(HistoryTest, OtherFilesAreRefusedAndUntouched) {
  run_sql(path("other.db"), "CREATE TABLE mail (subject TEXT); INSERT INTO mail VALUES ('hello')");
  opened(path("newer.db"));
  run_sql(path("newer.db"), "PRAGMA user_version = 3");
  ASSERT_TRUE(write_file(path("text"), "not a database, and longer than a magic number"));
  ASSERT_TRUE(write_file(path("short"), "x"));
  ASSERT_TRUE(
      write_file(path("header"), std::string("SQLite format 3\0", 16) + std::string(5000, 'x')));
  const auto why = [&](const std::string& name, Database::Access access) {
    const Result<std::string> before = read_file(path(name));
    const Result<History> history = History::open(path(name), access);
    EXPECT_EQ(*read_file(path(name)), *before) << name;
    return history ? "opened" : history.error().str();
  };
  for (const auto access : {Database::Access::Existing, Database::Access::Create}) {
    EXPECT_THAT(why("other.db", access), HasSubstr("other.db': is a database of another program"));
    EXPECT_THAT(
        why("newer.db", access),
        HasSubstr("newer.db': is of version 3, newer than the newest that this nsbench reads (2)"));
    EXPECT_THAT(why("text", access), HasSubstr("text': is no SQLite database"));
    EXPECT_THAT(why("short", access), HasSubstr("short': is no SQLite database"));
    EXPECT_THAT(why("header", access), HasSubstr("header': is no SQLite database"));
  }
  const auto error = [](const std::string& path) {
    return History::open(path, Database::Access::Existing).error().str();
  };
  EXPECT_THAT(error(path("none")), HasSubstr("ENOENT"));
  EXPECT_FALSE(std::filesystem::exists(path("none")));
  EXPECT_THAT(error(path("")), HasSubstr("is a directory"));
  EXPECT_THAT(error("/dev/null"), HasSubstr("is not a regular file"));
  ASSERT_TRUE(write_file(path("empty"), ""));
  EXPECT_THAT(error(path("empty")), HasSubstr("is empty"));
}

TEST_F(HistoryTest, ADamagedFileIsAnErrorAndNoCrash) {
  {
    History history = opened(path());
    for (int i = 1; i <= 5; ++i) ASSERT_TRUE(history.add(record_number(i), std::nullopt));
  }
  const std::string whole = *read_file(path());
  int refused = 0;
  for (std::size_t at = 4096; at < whole.size(); at += 4096) {
    std::string damaged = whole;
    for (std::size_t i = at; i < at + 2048; ++i) damaged[i] = static_cast<char>(i * 31);
    ASSERT_TRUE(write_file(path("damaged"), damaged));
    Result<History> history = History::open(path("damaged"), Database::Access::Existing);
    if (!history) {
      ++refused;
      continue;
    }
    const Result<std::optional<Record>> record = history->record(3);
    if (!record) {
      ++refused;
      EXPECT_THAT(record.error().str(), HasSubstr("damaged'"));
    }
  }
  EXPECT_GT(refused, 0);
  ASSERT_TRUE(write_file(path("cut"), whole.substr(0, whole.size() / 2)));
  Result<History> cut = History::open(path("cut"), Database::Access::Existing);
  EXPECT_FALSE(cut && cut->record(3) && cut->add(record_number(6), std::nullopt));
}

TEST_F(HistoryTest, TrendsUseNoTableScanButOfRuns) {
  History history = opened(path());
  ASSERT_TRUE(history.add(record_number(1), std::nullopt));
  Statement plan(
      history.database(),
      "EXPLAIN QUERY PLAN SELECT v.typical FROM run r "
      "JOIN plan_case p ON p.plan_id = r.plan_id AND p.case_id = 1 "
      "LEFT JOIN series v ON v.run_id = r.id AND v.case_id = 1 ORDER BY r.started, r.id");
  std::string text;
  while (plan.row()) text += plan.text(3) + '\n';
  EXPECT_THAT(text, HasSubstr("SEARCH p USING PRIMARY KEY"));
  EXPECT_THAT(text, HasSubstr("SEARCH v USING PRIMARY KEY"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("TEMP B-TREE")));
}

}  // namespace
}  // namespace nsbench::history
