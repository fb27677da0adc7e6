#include "suites/history/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "reports/printable.h"

namespace nsbench::history {

struct Database::State {
  sqlite3* connection = nullptr;
  std::string path;
  std::string error;

  void fail(std::string_view why) {
    if (error.empty()) error = fmt::format("'{}': {}", path, why);
  }
  // Whether SQLite's answer is fine.
  bool check(int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return true;
    if (code == SQLITE_BUSY) {
      fail("somebody else has been writing to it for a minute");
    } else if (code == SQLITE_NOTADB) {
      fail("is no SQLite database");
    } else {
      fail(printable(sqlite3_errmsg(connection), 300));
    }
    return false;
  }
};

namespace {

constexpr int busy_ms = 60'000;

// What stands in the file: nothing yet, a database, or something that is none of ours to touch.
Status look_at(const std::string& path, Database::Access access) {
  const auto failed = [&path](const char* call) {
    return Error::last(fmt::format("{}('{}')", call, path));
  };
  struct stat existing {};
  if (::stat(path.c_str(), &existing) != 0) {
    if (errno == ENOENT && access == Database::Access::Create) return {};
    return failed("stat");
  }
  if (S_ISDIR(existing.st_mode)) return Error{fmt::format("'{}' is a directory", path)};
  if (!S_ISREG(existing.st_mode)) return Error{fmt::format("'{}' is not a regular file", path)};
  if (existing.st_size == 0) {
    if (access == Database::Access::Create) return {};
    return Error{fmt::format("'{}' is empty: no report has been added yet", path)};
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  std::array<char, 16> magic{};
  const ssize_t got = ::read(fd, magic.data(), magic.size());
  ::close(fd);
  if (got < 0) return failed("read");
  constexpr std::string_view expected("SQLite format 3\0", 16);
  if (std::string_view(magic.data(), static_cast<std::size_t>(got)) == expected) return {};
  return Error{fmt::format("'{}': is no SQLite database", path)};
}

}  // namespace

void Database::Closer::operator()(State* state) const {
  sqlite3_close_v2(state->connection);
  delete state;
}

Result<Database> Database::open(const std::string& path, Access access) {
  if (Status fine = look_at(path, access); !fine) return fine.error();
  std::unique_ptr<State, Closer> state(new State{.path = path});
  // ":memory:" and the like are names to SQLite; "./:memory:" is a file.
  const std::string file = path.starts_with('/') ? path : "./" + path;
  const int flags = SQLITE_OPEN_READWRITE | (access == Access::Create ? SQLITE_OPEN_CREATE : 0);
  if (sqlite3_open_v2(file.c_str(), &state->connection, flags, nullptr) != SQLITE_OK) {
    const int err = sqlite3_system_errno(state->connection);
    return Error{fmt::format("open('{}')", path), err != 0 ? err : EIO};
  }
  sqlite3_busy_timeout(state->connection, busy_ms);
  // The file may come from anybody: its schema must not make us run or write what it likes.
  sqlite3_db_config(state->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(state->connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  Database database(std::move(state));
  // A power cut must not bring back a journal that was done with.
  database.exec("PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON");
  if (Status fine = database.status(); !fine) return fine.error();
  return database;
}

void Database::exec(const char* sql) {
  if (ok()) state_->check(sqlite3_exec(state_->connection, sql, nullptr, nullptr, nullptr));
}

std::int64_t Database::pragma(const char* name) {
  Statement statement(*this, fmt::format("PRAGMA {}", name));
  return statement.row() ? statement.integer(0) : 0;
}

Status Database::status() const { return ok() ? Status() : Status(Error{state_->error}); }
bool Database::ok() const { return state_->error.empty(); }
void Database::refuse(std::string_view error) { state_->fail(error); }
std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(state_->connection); }
const std::string& Database::path() const { return state_->path; }

Statement::Statement(Database& database, std::string_view sql) : database_(database.state_.get()) {
  if (!database.ok()) return;
  database_->check(sqlite3_prepare_v2(database_->connection, sql.data(),
                                      static_cast<int>(sql.size()), &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::reset() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Statement::row() {
  if (!database_->error.empty() || statement_ == nullptr) return false;
  const int code = sqlite3_step(statement_);
  return database_->check(code) && code == SQLITE_ROW;
}

void Statement::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(statement_, place, value);
}
void Statement::bind(int place, double value) {
  if (!std::isfinite(value)) return bind(place, nullptr);
  sqlite3_bind_double(statement_, place, value);
}
void Statement::bind(int place, std::string_view value) {
  sqlite3_bind_text64(statement_, place, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Statement::bind(int place, std::nullptr_t) { sqlite3_bind_null(statement_, place); }

void Statement::bind(int place, const Blob& value) {
  sqlite3_bind_blob64(statement_, place, value.bytes.data(), value.bytes.size(), SQLITE_TRANSIENT);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Statement::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : sqlite3_column_double(statement_, column);
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Transaction::Transaction(Database& database) : database_(database.state_.get()) {
  // Immediate: what is read in it must still be true when it is written.
  database.exec("BEGIN IMMEDIATE");
  open_ = database.ok();
}

Transaction::~Transaction() {
  if (open_) roll_back();
}

void Transaction::roll_back() {
  sqlite3_exec(database_->connection, "ROLLBACK", nullptr, nullptr, nullptr);
  open_ = false;
}

Status Transaction::commit() {
  if (open_ && database_->error.empty()) {
    database_->check(sqlite3_exec(database_->connection, "COMMIT", nullptr, nullptr, nullptr));
  }
  if (database_->error.empty()) {
    open_ = false;
    return {};
  }
  if (open_) roll_back();
  return Error{std::exchange(database_->error, {})};
}

}  // namespace nsbench::history
