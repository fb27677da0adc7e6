// What was seen, as plain data: the facts one act of a probe sent back, and all acts in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench {

// One thing seen: a text, a number, or the errno with which a call ended (0: it succeeded).
struct Fact {
  enum class Kind : std::uint8_t { Text, Number, Errno };
  std::string name;
  Kind kind = Kind::Text;
  std::string text;         // Kind::Text
  std::int64_t number = 0;  // Kind::Number, Kind::Errno

  // The value for people: the text, the number, "ok" or "ENOENT".
  [[nodiscard]] std::string str() const;
  friend bool operator==(const Fact&, const Fact&) = default;
};

// What one side saw in one act. Names are unique within it: a second one of the same name replaces
// the first.
class Observation {
 public:
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::int64_t value);
  // `err` is an errno value, 0 for success.
  void result(std::string_view name, int err);
  // Records errno if `returned` is negative, else success; hands `returned` on.
  long call(std::string_view name, long returned);

  [[nodiscard]] const Fact* find(std::string_view name) const;
  // A fact that was not seen reads as "(not seen)", -1 and -1: never equal to a real one by chance.
  [[nodiscard]] std::string text_of(std::string_view name) const;
  [[nodiscard]] std::int64_t number_of(std::string_view name) const;
  [[nodiscard]] int errno_of(std::string_view name) const;
  [[nodiscard]] const std::vector<Fact>& facts() const { return facts_; }

 private:
  Fact& slot(std::string_view name, Fact::Kind kind);
  std::vector<Fact> facts_;
};

// An act that was played, on which side, and what it saw.
struct Entry {
  std::string side;  // "outside", "inside", "sibling"
  std::string act;
  Observation seen;
};

// All acts of one case in the order in which they were played.
class Transcript {
 public:
  // The act's observation; an empty one if the act was not played.
  [[nodiscard]] const Observation& at(std::string_view act) const;
  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  // A compact encoding for the channel; decode() refuses what encode() can't have written.
  [[nodiscard]] std::string encode() const;
  static Result<Transcript> decode(std::string_view bytes);

 private:
  std::vector<Entry> entries_;
};

}  // namespace nsbench
