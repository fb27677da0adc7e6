#include "suites/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "suites/history/deflate.h"
#include "suites/history/schema.h"

namespace nsbench::history {
namespace {

// A run with its kernel and machine; read_run() reads these columns.
constexpr std::string_view run_columns =
    "r.id, k.release, k.version, k.machine, m.machine_id, m.cpu_model, r.host_name, r.cpus, "
    "r.started, r.seed, r.lockstep, r.side, r.engine, r.clock, r.workload_version, r.version, "
    "r.build_type, r.suite, r.command, r.boot_id, r.taint, r.seconds, r.interrupted, r.pass, "
    "r.fail, r.skip, r.broken, r.series, r.series_failed, r.series_skipped, r.exit_code, "
    "r.warnings";
constexpr int run_column_count = 32;
constexpr std::string_view run_tables =
    "run r JOIN kernel k ON k.id = r.kernel_id JOIN machine m ON m.id = r.machine_id";
// The parameters are the filter's texts, each given once.
constexpr std::string_view filter_condition =
    "(?1 = '' OR instr(k.release || ' ' || k.version, ?1) > 0) AND "
    "(?2 = '' OR instr(r.host_name, ?2) > 0 OR instr(m.machine_id, ?2) > 0 OR "
    "instr(m.cpu_model, ?2) > 0)";

Run read_run(const Statement& row) {
  Run run;
  int column = 0;
  run.id = row.integer(column++);
  for (std::string* text : {&run.release, &run.version, &run.machine, &run.machine_id,
                            &run.cpu_model, &run.host_name}) {
    *text = row.text(column++);
  }
  run.cpus = row.integer(column++);
  run.started = row.text(column++);
  run.seed = static_cast<std::uint64_t>(row.integer(column++));
  for (std::string* text : {&run.lockstep, &run.side, &run.engine, &run.clock}) {
    *text = row.text(column++);
  }
  run.workload_version = row.integer(column++);
  for (std::string* text :
       {&run.nsbench_version, &run.build_type, &run.suite, &run.command, &run.boot_id}) {
    *text = row.text(column++);
  }
  run.taint = row.integer(column++);
  run.seconds = row.real(column++);
  run.interrupted = row.integer(column++) != 0;
  Summary& summary = run.summary;
  for (int* count : {&summary.pass, &summary.fail, &summary.skip, &summary.broken, &summary.series,
                     &summary.series_failed, &summary.series_skipped}) {
    *count = static_cast<int>(row.integer(column++));
  }
  run.exit_code = static_cast<int>(row.integer(column++));
  run.warnings = row.text(column++);
  return run;
}

// What stands in a table once, by its id; made where it is missing.
template <class... Values>
std::int64_t interned(Database& database, Statement& find, Statement& make,
                      const Values&... values) {
  if (find.with(values...).row()) return find.integer(0);
  make.with(values...).run();
  return database.last_row();
}

// Writes one record; the transaction is the caller's.
class Writer {
 public:
  Writer(Database& database, const Record& record) : database_(database), record_(record) {
    const Run& run = record.run;
    Statement find_kernel(
        database, "SELECT id FROM kernel WHERE release = ? AND version = ? AND machine = ?");
    Statement make_kernel(database,
                          "INSERT INTO kernel (release, version, machine) VALUES (?,?,?)");
    kernel_ = interned(database, find_kernel, make_kernel, run.release, run.version, run.machine);
    Statement find_machine(database,
                           "SELECT id FROM machine WHERE machine_id = ? AND cpu_model = ?");
    Statement make_machine(database, "INSERT INTO machine (machine_id, cpu_model) VALUES (?, ?)");
    machine_ = interned(database, find_machine, make_machine, run.machine_id, run.cpu_model);
  }

  // The run with this one's key, and its fingerprint if that is known.
  struct Known {
    std::int64_t id = 0;
    std::optional<std::int64_t> fingerprint;
  };
  std::optional<Known> known() {
    const Run& run = record_.run;
    Statement find(database_,
                   "SELECT id, fingerprint FROM run WHERE kernel_id = ? AND machine_id = ? AND "
                   "started = ? AND seed = ? AND side = ?");
    const auto seed = static_cast<std::int64_t>(run.seed);
    if (!find.with(kernel_, machine_, run.started, seed, run.side).row()) return std::nullopt;
    Known known{.id = find.integer(0)};
    if (!find.is_null(1)) known.fingerprint = find.integer(1);
    return known;
  }
  std::int64_t write(std::int64_t fingerprint) {
    name_cases();
    const std::int64_t id = write_run(plan(), fingerprint);
    write_checks(id);
    write_timings(id);
    return id;
  }

 private:
  void name_cases();
  std::int64_t plan();
  std::int64_t write_run(std::int64_t plan, std::int64_t fingerprint);
  void write_checks(std::int64_t run);
  void write_timings(std::int64_t run);

  Database& database_;
  const Record& record_;
  std::int64_t kernel_ = 0, machine_ = 0;
  std::vector<std::int64_t> checks_, timings_;  // the ids of their names, in the record's order
};

void Writer::name_cases() {
  Statement find(database_, "SELECT id FROM case_name WHERE name = ? AND unit = ?");
  Statement make(database_, "INSERT INTO case_name (name, unit) VALUES (?, ?)");
  for (const Check& check : record_.checks) {
    checks_.push_back(interned(database_, find, make, check.id, ""));
  }
  for (const Timing& timing : record_.timings) {
    timings_.push_back(interned(database_, find, make, timing.id, timing.unit));
  }
}

// The plan with exactly these cases.
std::int64_t Writer::plan() {
  std::vector<std::int64_t> cases = checks_;
  cases.insert(cases.end(), timings_.begin(), timings_.end());
  std::sort(cases.begin(), cases.end());
  Digest digest;
  for (const std::int64_t id : cases) digest.add(static_cast<std::uint64_t>(id));
  const auto value = static_cast<std::int64_t>(digest.value());
  Statement candidates(database_, "SELECT id FROM plan WHERE digest = ?");
  Statement its_cases(database_,
                      "SELECT case_id FROM plan_case WHERE plan_id = ? ORDER BY case_id");
  candidates.with(value);
  while (candidates.row()) {
    std::vector<std::int64_t> its;
    its_cases.with(candidates.integer(0));
    while (its_cases.row()) its.push_back(its_cases.integer(0));
    if (its == cases) return candidates.integer(0);
  }
  Statement(database_, "INSERT INTO plan (digest) VALUES (?)").with(value).run();
  const std::int64_t plan = database_.last_row();
  Statement add(database_, "INSERT INTO plan_case (plan_id, case_id) VALUES (?, ?)");
  for (const std::int64_t id : cases) add.with(plan, id).run();
  return plan;
}

std::int64_t Writer::write_run(std::int64_t plan, std::int64_t fingerprint) {
  const Run& run = record_.run;
  const Summary& sum = run.summary;
  Statement(database_,
            "INSERT INTO run (kernel_id, machine_id, started, seed, side, plan_id, lockstep, "
            "host_name, engine, clock, workload_version, version, build_type, suite, command, "
            "boot_id, taint, cpus, seconds, interrupted, pass, fail, skip, broken, series, "
            "series_failed, series_skipped, exit_code, warnings, fingerprint) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .with(kernel_, machine_, run.started, static_cast<std::int64_t>(run.seed), run.side, plan,
            run.lockstep, run.host_name, run.engine, run.clock, run.workload_version,
            run.nsbench_version, run.build_type, run.suite, run.command, run.boot_id, run.taint,
            run.cpus, run.seconds, run.interrupted, sum.pass, sum.fail, sum.skip, sum.broken,
            sum.series, sum.series_failed, sum.series_skipped, run.exit_code, run.warnings,
            fingerprint)
      .run();
  return database_.last_row();
}

void Writer::write_checks(std::int64_t run) {
  Statement add(database_,
                "INSERT INTO verdict (run_id, case_id, verdict, reason, note) VALUES (?,?,?,?,?)");
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const Check& check = record_.checks[i];
    if (check.verdict == "pass") continue;
    add.with(run, checks_[i], check.verdict,
             check.reason.empty() ? std::nullopt : std::optional(check.reason), check.note)
        .run();
  }
}

void Writer::write_timings(std::int64_t run) {
  Statement add(database_,
                "INSERT INTO series (run_id, case_id, typical, p25, p50, p90, p99, min, calls, "
                "calls_per_timing, verdict, reason, note) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const auto filled = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  for (std::size_t i = 0; i < timings_.size(); ++i) {
    const Timing& t = record_.timings[i];
    add.with(run, timings_[i], t.typical, t.p25, t.p50, t.p90, t.p99, t.min, t.calls,
             t.calls_per_timing, filled(t.verdict), filled(t.reason), t.note)
        .run();
  }
}

void keep_document(Database& database, std::int64_t run, std::string_view document) {
  const Result<std::string> small = deflated(document);
  if (!small) return database.refuse(small.error().str());
  Statement(database, "INSERT OR IGNORE INTO document (run_id, bytes, deflated) VALUES (?,?,?)")
      .with(run, static_cast<std::int64_t>(document.size()), Blob{*small})
      .run();
}

std::vector<Check> read_checks(Database& database, std::int64_t run) {
  Statement rows(database,
                 "SELECT c.name, v.verdict, v.reason, v.note FROM run r "
                 "JOIN plan_case p ON p.plan_id = r.plan_id JOIN case_name c ON c.id = p.case_id "
                 "LEFT JOIN verdict v ON v.run_id = r.id AND v.case_id = c.id "
                 "WHERE r.id = ? AND c.unit = '' ORDER BY p.case_id");
  std::vector<Check> checks;
  rows.with(run);
  while (rows.row()) {
    checks.push_back(
        {rows.text(0), rows.is_null(1) ? "pass" : rows.text(1), rows.text(2), rows.text(3)});
  }
  return checks;
}

std::vector<Timing> read_timings(Database& database, std::int64_t run) {
  Statement rows(database,
                 "SELECT c.name, c.unit, s.typical, s.p25, s.p50, s.p90, s.p99, s.min, s.calls, "
                 "s.calls_per_timing, s.verdict, s.reason, s.note FROM series s "
                 "JOIN case_name c ON c.id = s.case_id WHERE s.run_id = ? ORDER BY s.case_id");
  std::vector<Timing> timings;
  rows.with(run);
  while (rows.row()) {
    timings.push_back({rows.text(0), rows.text(1), rows.real(2), rows.real(3), rows.real(4),
                       rows.real(5), rows.real(6), rows.real(7), rows.integer(8), rows.integer(9),
                       rows.text(10), rows.text(11), rows.text(12)});
  }
  return timings;
}

// `value`, unless something went wrong while it was read.
template <class Value>
Result<Value> unless_failed(const Database& database, Value value) {
  if (const Status fine = database.status(); !fine) return fine.error();
  return value;
}

}  // namespace

Result<History> History::open(const std::string& path, Database::Access access) {
  Result<Database> database = Database::open(path, access);
  if (!database) return database.error();
  if (const Status fine = bring_up_to_date(*database); !fine) return fine.error();
  return History(std::move(*database));
}

Result<Added> History::add(const Record& record, std::optional<std::string_view> document) {
  const auto own = static_cast<std::int64_t>(fingerprint(record));
  Added added;
  Transaction transaction(database_);
  Writer writer(database_, record);
  if (const auto known = writer.known()) {
    added.id = known->id;
    if (known->fingerprint.value_or(own) != own) {
      return Error{
          fmt::format("run {} has the same kernel, machine, start and seed, and other "
                      "results: not added",
                      known->id)};
    }
  } else {
    added.id = writer.write(own);
    added.is_new = true;
  }
  if (document) keep_document(database_, added.id, *document);
  if (const Status done = transaction.commit(); !done) return done.error();
  return added;
}

Result<std::vector<Run>> History::runs(const Filter& filter, std::size_t limit) {
  Statement rows(database_, fmt::format("SELECT {} FROM {} WHERE {} ORDER BY r.started DESC, "
                                        "r.id DESC LIMIT ?3",
                                        run_columns, run_tables, filter_condition));
  std::vector<Run> runs;
  rows.with(filter.kernel, filter.machine, limit == 0 ? -1 : static_cast<std::int64_t>(limit));
  while (rows.row()) runs.push_back(read_run(rows));
  return unless_failed(database_, std::move(runs));
}

Result<std::int64_t> History::count(const Filter& filter) {
  Statement rows(database_,
                 fmt::format("SELECT count(*) FROM {} WHERE {}", run_tables, filter_condition));
  const bool found = rows.with(filter.kernel, filter.machine).row();
  return unless_failed(database_, found ? rows.integer(0) : 0);
}

Result<std::optional<Record>> History::record(std::int64_t id) {
  Statement rows(database_,
                 fmt::format("SELECT {} FROM {} WHERE r.id = ?", run_columns, run_tables));
  std::optional<Record> record;
  if (rows.with(id).row()) {
    record = Record{read_run(rows), read_checks(database_, id), read_timings(database_, id)};
  }
  return unless_failed(database_, std::move(record));
}

Result<std::optional<std::string>> History::document(std::int64_t id) {
  Statement rows(database_, "SELECT bytes, deflated FROM document WHERE run_id = ?");
  std::optional<std::string> document;
  if (rows.with(id).row()) {
    Result<std::string> text = inflated(rows.text(1), static_cast<std::size_t>(rows.integer(0)));
    if (!text) return Error{fmt::format("'{}': {}", database_.path(), text.error().str())};
    document = std::move(*text);
  }
  return unless_failed(database_, std::move(document));
}

Result<std::vector<CaseName>> History::cases_named(std::string_view name) {
  Statement rows(database_, "SELECT id, name, unit FROM case_name WHERE name = ? ORDER BY unit");
  std::vector<CaseName> cases;
  rows.with(name);
  while (rows.row()) cases.push_back({rows.integer(0), rows.text(1), rows.text(2)});
  return unless_failed(database_, std::move(cases));
}

Result<std::vector<std::string>> History::similar(std::string_view text, std::size_t limit) {
  Statement rows(database_,
                 "SELECT DISTINCT name FROM case_name WHERE instr(name, ?) > 0 AND "
                 "name NOT LIKE '%:control' ORDER BY name LIMIT ?");
  std::vector<std::string> names;
  rows.with(text, static_cast<std::int64_t>(limit));
  while (rows.row()) names.push_back(rows.text(0));
  return unless_failed(database_, std::move(names));
}

Result<std::vector<Point>> History::points(const CaseName& of, const Filter& filter) {
  const bool check = of.unit.empty();
  Statement rows(database_,
                 fmt::format("SELECT {}, {} FROM {} "
                             "JOIN plan_case p ON p.plan_id = r.plan_id AND p.case_id = ?3 "
                             "LEFT JOIN {} v ON v.run_id = r.id AND v.case_id = ?3 "
                             "WHERE {} ORDER BY r.started, r.id",
                             run_columns,
                             check ? "coalesce(v.verdict, 'pass'), v.reason, v.note, NULL, 1"
                                   : "v.verdict, v.reason, v.note, v.typical, v.calls_per_timing",
                             run_tables, check ? "verdict" : "series", filter_condition));
  std::vector<Point> points;
  rows.with(filter.kernel, filter.machine, of.id);
  while (rows.row()) {
    constexpr int own = run_column_count;
    points.push_back({read_run(rows), rows.real(own + 3), rows.text(own), rows.text(own + 1),
                      rows.text(own + 2), rows.integer(own + 4)});
  }
  return unless_failed(database_, std::move(points));
}

}  // namespace nsbench::history
