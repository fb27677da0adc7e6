#include "reports/testdata/read_benchfmt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "reports/printable.h"

namespace nsbench::testing {
namespace {

// Of unicode.IsSpace those in Latin-1; all that we or the go command write.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty()) return fields;
    const auto end = std::find_if(line.begin(), line.end(), is_space);
    const auto size = static_cast<std::size_t>(end - line.begin());
    fields.push_back(line.substr(0, size));
    line.remove_prefix(size);
  }
}

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// "key: value", the key without spaces and capital letters.
bool read_configuration(std::string_view line, std::map<std::string, std::string>& all) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view key = line.substr(0, colon);
  const std::string_view value = line.substr(colon + 1);
  if (std::any_of(key.begin(), key.end(), [](char c) { return is_space(c) || is_upper(c); })) {
    return false;
  }
  if (!value.empty() && !is_space(value.front())) return false;
  all[std::string(key)] = trimmed(value);
  return true;
}

void read_name(std::string_view name, BenchmarkLine& out) {
  std::size_t slash = name.find('/');
  out.name = name.substr(0, slash);
  while (slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
    slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      out.params[std::string(part.substr(0, equals))] = part.substr(equals + 1);
    }
  }
}

std::optional<std::string> read_result(const std::vector<std::string_view>& fields,
                                       BenchmarkLine& out) {
  if (fields.size() < 4 || fields.size() % 2 != 0) {
    return fmt::format("{} fields are no name, count and pairs", fields.size());
  }
  if (!parse(fields[1], out.iterations)) {
    return fmt::format("'{}' is not a number of iterations", printable(fields[1], 60));
  }
  for (std::size_t i = 2; i < fields.size(); i += 2) {
    Measurement& measurement = out.measurements.emplace_back();
    if (!parse(fields[i], measurement.value)) {
      return fmt::format("'{}' is not a number", printable(fields[i], 60));
    }
    measurement.unit = fields[i + 1];
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<BenchmarkLine>> read_benchfmt(std::string_view text) {
  constexpr std::string_view prefix = "Benchmark";
  std::vector<BenchmarkLine> results;
  std::map<std::string, std::string> configuration;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (read_configuration(line, configuration)) continue;
    if (!line.starts_with(prefix)) continue;
    const std::vector<std::string_view> fields = fields_of(line);
    // A line of the name alone is what the go command prints before it measures.
    if (fields.size() < 2 || fields[0].size() == prefix.size() || !is_upper(line[prefix.size()])) {
      continue;
    }
    BenchmarkLine& result = results.emplace_back();
    result.configuration = configuration;
    read_name(fields[0].substr(prefix.size()), result);
    if (const auto wrong = read_result(fields, result)) {
      return Error{fmt::format("line {}: {}", number, *wrong)};
    }
  }
  return results;
}

}  // namespace nsbench::testing
