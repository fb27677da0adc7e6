#include "suites/history/schema.h"

#include <fmt/format.h>

#include <array>

namespace nsbench::history {
namespace {

// Nearly all cases of nearly all runs pass. So what a run asked for is a plan, which many runs have
// in common, and only what did not pass is a row. Rows of one run lie together, in the order in
// which runs are added: adding appends, showing a run reads one place, and a trend looks up one row
// in each run whose plan has the case.
constexpr const char* first_version = R"(
CREATE TABLE kernel (
  id INTEGER PRIMARY KEY,
  release TEXT NOT NULL,
  version TEXT NOT NULL,
  machine TEXT NOT NULL,
  UNIQUE (release, version, machine)
);
CREATE TABLE machine (
  id INTEGER PRIMARY KEY,
  machine_id TEXT NOT NULL,
  cpu_model TEXT NOT NULL,
  UNIQUE (machine_id, cpu_model)
);
-- unit: '' of a check; 'ns' or 'bytes' of a benchmark
CREATE TABLE case_name (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  UNIQUE (name, unit)
);
CREATE TABLE plan (
  id INTEGER PRIMARY KEY,
  digest INTEGER NOT NULL
);
CREATE INDEX plan_digest ON plan (digest);
CREATE TABLE plan_case (
  plan_id INTEGER NOT NULL REFERENCES plan,
  case_id INTEGER NOT NULL REFERENCES case_name,
  PRIMARY KEY (plan_id, case_id)
) WITHOUT ROWID;
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  kernel_id INTEGER NOT NULL REFERENCES kernel,
  machine_id INTEGER NOT NULL REFERENCES machine,
  started TEXT NOT NULL,
  seed INTEGER NOT NULL,
  side TEXT NOT NULL,
  plan_id INTEGER NOT NULL REFERENCES plan,
  lockstep TEXT NOT NULL,
  host_name TEXT NOT NULL,
  engine TEXT NOT NULL,
  clock TEXT NOT NULL,
  workload_version INTEGER NOT NULL,
  version TEXT NOT NULL,
  build_type TEXT NOT NULL,
  suite TEXT NOT NULL,
  command TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  taint INTEGER NOT NULL,
  cpus INTEGER NOT NULL,
  seconds REAL,
  interrupted INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  fail INTEGER NOT NULL,
  skip INTEGER NOT NULL,
  broken INTEGER NOT NULL,
  series INTEGER NOT NULL,
  series_failed INTEGER NOT NULL,
  series_skipped INTEGER NOT NULL,
  exit_code INTEGER NOT NULL,
  warnings TEXT NOT NULL,
  UNIQUE (kernel_id, machine_id, started, seed, side)
);
CREATE INDEX run_started ON run (started, id);
-- of checks that did not pass
CREATE TABLE verdict (
  run_id INTEGER NOT NULL REFERENCES run,
  case_id INTEGER NOT NULL REFERENCES case_name,
  verdict TEXT NOT NULL,
  reason TEXT,
  note TEXT NOT NULL,
  PRIMARY KEY (run_id, case_id)
) WITHOUT ROWID;
-- verdict is NULL where there is a result, else 'fail' or 'skip'
CREATE TABLE series (
  run_id INTEGER NOT NULL REFERENCES run,
  case_id INTEGER NOT NULL REFERENCES case_name,
  typical REAL,
  p25 REAL,
  p50 REAL,
  p90 REAL,
  p99 REAL,
  min REAL,
  calls INTEGER NOT NULL,
  calls_per_timing INTEGER NOT NULL,
  verdict TEXT,
  reason TEXT,
  note TEXT NOT NULL,
  PRIMARY KEY (run_id, case_id)
) WITHOUT ROWID;
)";

// A report that was edited is told from the same one by what is kept of it; whole reports.
constexpr const char* second_version = R"(
ALTER TABLE run ADD COLUMN fingerprint INTEGER;
CREATE TABLE document (
  run_id INTEGER PRIMARY KEY REFERENCES run,
  bytes INTEGER NOT NULL,
  deflated BLOB NOT NULL
);
)";

// The i-th makes version i + 1 of what version i was.
constexpr std::array migrations{first_version, second_version};
static_assert(migrations.size() == schema_version);

bool is_new_file(Database& database) {
  Statement tables(database, "SELECT count(*) FROM sqlite_schema");
  return tables.row() && tables.integer(0) == 0 && database.pragma("application_id") == 0;
}

// -1: refused.
std::int64_t version_of(Database& database) {
  if (is_new_file(database)) return 0;
  if (!database.ok()) return -1;
  if (database.pragma("application_id") != application_id) {
    database.refuse("is a database of another program");
    return -1;
  }
  const std::int64_t version = database.pragma("user_version");
  if (version > schema_version) {
    database.refuse(
        fmt::format("is of version {}, newer than the newest that this nsbench reads "
                    "({})",
                    version, schema_version));
  } else if (version < 1) {
    database.refuse(fmt::format("{} is not the version of a history", version));
  }
  return database.ok() ? version : -1;
}

}  // namespace

Status bring_up_to_date(Database& database) {
  if (version_of(database) == schema_version || !database.ok()) return database.status();
  Transaction transaction(database);
  // Again: somebody else may have done it meanwhile.
  const std::int64_t version = version_of(database);
  for (std::int64_t i = version; i >= 0 && i < schema_version; ++i) {
    database.exec(migrations[static_cast<std::size_t>(i)]);
  }
  database.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id,
                            schema_version)
                    .c_str());
  return transaction.commit();
}

}  // namespace nsbench::history
