// Reports over time, in one SQLite file: what `nsbench history` reads and writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"
#include "suites/history/database.h"
#include "suites/history/record.h"

namespace nsbench::history {

// Texts that have to be contained; an empty one asks for nothing.
struct Filter {
  std::string kernel;   // in "RELEASE VERSION"
  std::string machine;  // in the host's name, the machine id or the processor's name
};

struct Added {
  std::int64_t id = 0;
  bool is_new = false;  // false: the same report has been there
};

// A case as the history knows it; `unit` is empty for a check.
struct CaseName {
  std::int64_t id = 0;
  std::string name, unit;
};

// What one run says of one case.
struct Point {
  Run run;
  double value = Timing::none;  // Timing::typical
  std::string verdict;          // of a check as in Check, of a timing as in Timing
  std::string reason, note;
  std::int64_t calls_per_timing = 1;
};

class History {
 public:
  // Errors: see Database::open() and bring_up_to_date().
  static Result<History> open(const std::string& path, Database::Access access);

  // Keyed by kernel, machine, start, seed and side (in lock step). All of it or, with an Error,
  // nothing. `document`: the whole report as JSON, to be kept too. Error besides SQLite's: another
  // report has the same key.
  Result<Added> add(const Record& record, std::optional<std::string_view> document);

  // The newest first; `limit` 0: all.
  Result<std::vector<Run>> runs(const Filter& filter, std::size_t limit);
  Result<std::int64_t> count(const Filter& filter);
  // What is known of one run. nullopt: there is none.
  Result<std::optional<Record>> record(std::int64_t id);
  // What add() was given. nullopt: nothing.
  Result<std::optional<std::string>> document(std::int64_t id);

  // Of that very name: one, or a check and a benchmark, or one in several units.
  Result<std::vector<CaseName>> cases_named(std::string_view name);
  // Some of those whose names contain `text`.
  Result<std::vector<std::string>> similar(std::string_view text, std::size_t limit);
  // Of all runs that asked for the case, the oldest first.
  Result<std::vector<Point>> points(const CaseName& of, const Filter& filter);

  // The file itself; for the tests.
  Database& database() { return database_; }

 private:
  explicit History(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace nsbench::history
