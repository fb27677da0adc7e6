// Reading a JSON document with errors that name the place: used by json_read.cpp alone.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench {

// Parses `text`, which may be hostile: its size, its depth and its number of values are bounded.
// Errors read "line 3, column 7: ...".
Result<nlohmann::json> parse_json(std::string_view text);

// One value of a document, and where it stands. The first thing that is wrong is kept in `error`
// ("/series/4/calls: must be ..."); from then on every read gives an empty value, so that a reader
// checks once, at its end.
class JsonCursor {
 public:
  JsonCursor(const nlohmann::json& value, std::string place, std::string& error)
      : value_(&value), place_(std::move(place)), error_(&error) {}

  // A key that must be there.
  [[nodiscard]] JsonCursor at(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const;
  // The elements of an array, the members of an object.
  [[nodiscard]] std::vector<JsonCursor> elements() const;
  [[nodiscard]] std::vector<std::pair<std::string, JsonCursor>> members() const;

  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool boolean() const;
  // null reads as NaN: that is how to_json() writes what is not a number.
  [[nodiscard]] double number() const;
  [[nodiscard]] std::vector<double> numbers() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  template <class Integer>
  [[nodiscard]] Integer integer() const;

  void refuse(std::string_view why) const;
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  [[nodiscard]] bool expect(bool is_right, std::string_view what) const;
  // Bounds what a reader makes of a document.
  [[nodiscard]] bool expect_few() const;

  const nlohmann::json* value_;
  std::string place_;
  std::string* error_;
};

template <class Integer>
Integer JsonCursor::integer() const {
  using Limits = std::numeric_limits<Integer>;
  if (value_->is_number_unsigned()) {
    const auto value = value_->get<std::uint64_t>();
    if (value <= static_cast<std::uint64_t>(Limits::max())) return static_cast<Integer>(value);
  } else if (value_->is_number_integer() && Limits::is_signed) {
    const auto value = value_->get<std::int64_t>();
    if (value >= static_cast<std::int64_t>(Limits::min())) return static_cast<Integer>(value);
  }
  (void)expect(false, Limits::is_signed ? "a whole number that fits"
                                        : "a whole number that is not negative and fits");
  return 0;
}

}  // namespace nsbench
