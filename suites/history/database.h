// SQLite, as far as the history needs it: a connection, statements, and the first error kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reports/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace nsbench::history {

// One open file. The first error is kept, and from then on nothing is done any more, so that who
// reads or writes many rows looks at status() once, at the end.
class Database {
 public:
  enum class Access : unsigned char { Existing, Create };
  // Errors name the file: not there, not regular, no SQLite file, no right to read or make it. With
  // Create a missing file is made, and an empty one is taken; nothing is written to it yet. Waits
  // up to a minute where somebody else is writing.
  static Result<Database> open(const std::string& path, Access access);

  void exec(const char* sql);  // statements without parameters, whose rows nobody wants
  [[nodiscard]] std::int64_t pragma(const char* name);
  [[nodiscard]] Status status() const;
  [[nodiscard]] bool ok() const;
  // Keeps `error` if it is the first.
  void refuse(std::string_view error);
  [[nodiscard]] std::int64_t last_row() const;
  [[nodiscard]] const std::string& path() const;

  struct State;

 private:
  friend class Statement;
  friend class Transaction;
  struct Closer {
    void operator()(State* state) const;
  };
  explicit Database(std::unique_ptr<State, Closer> state) : state_(std::move(state)) {}
  std::unique_ptr<State, Closer> state_;
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

// A prepared statement of a Database, which must outlive it.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Starts anew, with these in place of the question marks.
  template <class... Values>
  Statement& with(const Values&... values) {
    reset();
    int place = 0;
    (bind(++place, values), ...);
    return *this;
  }
  // The next row; false at the end, and after an error.
  bool row();
  void run() {
    while (row()) {
    }
  }

  // Of the row, from 0. What has another type is converted, NULL to an empty value.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;  // NULL: NaN
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  void reset();
  void bind(int place, std::int64_t value);
  void bind(int place, double value);  // what is not finite becomes NULL
  void bind(int place, std::string_view value);
  void bind(int place, const std::string& value) { bind(place, std::string_view(value)); }
  void bind(int place, const char* value) { bind(place, std::string_view(value)); }
  void bind(int place, int value) { bind(place, std::int64_t{value}); }
  void bind(int place, bool value) { bind(place, std::int64_t{value}); }
  void bind(int place, std::nullptr_t);
  void bind(int place, const Blob& value);
  template <class Value>
  void bind(int place, const std::optional<Value>& value) {
    value ? bind(place, *value) : bind(place, nullptr);
  }

  Database::State* database_;
  sqlite3_stmt* statement_ = nullptr;
};

// Everything until commit(), or nothing of it: also when we are killed, or the machine loses power.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  // What went wrong since it began, if anything did; then nothing was done, and the database can be
  // used on.
  Status commit();

 private:
  void roll_back();
  Database::State* database_;
  bool open_ = false;
};

}  // namespace nsbench::history
