#include "reports/json_cursor.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/json.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

using Json = nlohmann::json;

// A full run's report has 2 million values, of them half a million members of objects, and is 5
// levels deep. A member takes six times the memory of a number in an array.
constexpr std::size_t max_values = 8'000'000;
constexpr std::size_t max_members = 2'000'000;
constexpr std::size_t max_depth = 64;
// Of an array or object that is no plain list of numbers.
constexpr std::size_t max_elements = 200'000;

std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n');
  const std::size_t column = line_start == std::string_view::npos ? at : at - line_start - 1;
  return fmt::format("line {}, column {}", line, column + 1);
}

// Bounds what the parser would allocate before it runs. Says nothing of whether the text is JSON.
Status check_size(std::string_view text) {
  if (text.empty()) return Error{"is empty"};
  if (text.size() > max_report_bytes) {
    return Error{fmt::format("{} bytes are more than a report can have ({})", text.size(),
                             max_report_bytes)};
  }
  std::size_t depth = 0;
  std::size_t values = 1;
  std::size_t members = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++at;
      continue;
    }
    if (c == ',' || c == '[' || c == '{') ++values;
    if (c == ':') ++members;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > max_depth) {
      return Error{fmt::format("{}: nested deeper than {} levels", place_of(text, at), max_depth)};
    }
    if (values > max_values) {
      return Error{fmt::format("{}: more than {} values", place_of(text, at), max_values)};
    }
    if (members > max_members) {
      return Error{fmt::format("{}: more than {} keys", place_of(text, at), max_members)};
    }
  }
  return {};
}

// "[json.exception.parse_error.101] parse error at line 1, column 3: ...": the parser's own place
// is that of the character after, which may stand on the next line.
std::string syntax_error(std::string_view text, const Json::parse_error& error) {
  std::string_view what = error.what();
  const std::size_t column = what.find("column ");
  const std::size_t colon = what.find(": ", column == std::string_view::npos ? 0 : column);
  if (colon != std::string_view::npos) what.remove_prefix(colon + 2);
  const std::size_t at = error.byte == 0 ? 0 : error.byte - 1;
  return fmt::format("{}: {}", place_of(text, at), printable(what, 200));
}

// "[json.exception.out_of_range.406] number overflow parsing '1e999'" has no place of its own.
std::string range_error(std::string_view text, const Json::exception& error) {
  const std::string_view what = error.what();
  const std::size_t open = what.find('\'');
  const std::size_t close = what.rfind('\'');
  if (open == close) return printable(what, 200);
  const std::string_view literal = what.substr(open + 1, close - open - 1);
  const std::size_t at = text.find(literal);
  return fmt::format("{}: '{}' is too large for a number",
                     place_of(text, at == std::string_view::npos ? 0 : at), printable(literal, 40));
}

std::string shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  if (value.is_string()) {
    return fmt::format("the text '{}'", printable(value.get_ref<const std::string&>(), 60));
  }
  return value.dump();
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (const Status status = check_size(text); !status) return status.error();
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return Error{syntax_error(text, error)};
  } catch (const Json::exception& error) {
    return Error{range_error(text, error)};
  }
}

void JsonCursor::refuse(std::string_view why) const {
  if (error_->empty()) *error_ = fmt::format("{}: {}", place_.empty() ? "/" : place_, why);
}

bool JsonCursor::expect(bool is_right, std::string_view what) const {
  if (!is_right) refuse(fmt::format("must be {}, is {}", what, shown(*value_)));
  return is_right && error_->empty();
}

bool JsonCursor::expect_few() const {
  const bool few = value_->size() <= max_elements;
  if (!few) refuse(fmt::format("{} elements are more than {}", value_->size(), max_elements));
  return few;
}

JsonCursor JsonCursor::at(std::string_view key) const {
  static const Json nothing;
  std::string place = fmt::format("{}/{}", place_, key);
  if (!expect(value_->is_object(), "an object")) return {nothing, std::move(place), *error_};
  const auto found = value_->find(std::string(key));
  if (found != value_->end()) return {*found, std::move(place), *error_};
  JsonCursor missing(nothing, std::move(place), *error_);
  missing.refuse("is missing");
  return missing;
}

bool JsonCursor::has(std::string_view key) const {
  return value_->is_object() && value_->contains(std::string(key));
}

std::vector<JsonCursor> JsonCursor::elements() const {
  std::vector<JsonCursor> out;
  if (!expect(value_->is_array(), "an array") || !expect_few()) return out;
  out.reserve(value_->size());
  for (const Json& element : *value_) {
    out.emplace_back(element, fmt::format("{}/{}", place_, out.size()), *error_);
  }
  return out;
}

std::vector<std::pair<std::string, JsonCursor>> JsonCursor::members() const {
  std::vector<std::pair<std::string, JsonCursor>> out;
  if (!expect(value_->is_object(), "an object") || !expect_few()) return out;
  for (const auto& [key, member] : value_->items()) {
    std::string place = fmt::format("{}/{}", place_, printable(key, 60));
    out.emplace_back(key, JsonCursor(member, std::move(place), *error_));
  }
  return out;
}

std::string JsonCursor::text() const {
  return expect(value_->is_string(), "a text") ? value_->get<std::string>() : std::string();
}

bool JsonCursor::boolean() const {
  return expect(value_->is_boolean(), "true or false") && value_->get<bool>();
}

double JsonCursor::number() const {
  if (value_->is_null()) return std::numeric_limits<double>::quiet_NaN();
  return expect(value_->is_number(), "a number") ? value_->get<double>() : 0;
}

std::vector<double> JsonCursor::numbers() const {
  std::vector<double> out;
  if (!expect(value_->is_array(), "an array of numbers")) return out;
  out.reserve(value_->size());
  for (const Json& element : *value_) {
    if (!element.is_number()) {
      JsonCursor(element, fmt::format("{}/{}", place_, out.size()), *error_)
          .refuse(fmt::format("must be a number, is {}", shown(element)));
      return {};
    }
    out.push_back(element.get<double>());
  }
  return out;
}

std::vector<std::string> JsonCursor::texts() const {
  std::vector<std::string> out;
  for (const JsonCursor& element : elements()) out.push_back(element.text());
  return out;
}

}  // namespace nsbench
