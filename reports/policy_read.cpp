// The policy from JSON: what read_policy() accepts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <initializer_list>

#include "reports/json_cursor.h"
#include "reports/policy.h"
#include "reports/printable.h"
#include "reports/splat.h"

namespace nsbench {
namespace {

using Cursor = JsonCursor;

constexpr std::size_t longest_policy = 1U << 20U;  // bytes
constexpr std::size_t most_entries = 1000;         // of one list: each is tried on every case
constexpr std::size_t longest_text = 1000;         // bytes
constexpr double largest_threshold = 100;          // a fraction: beyond it is a mistake for percent

void refuse_others(const Cursor& in, std::initializer_list<std::string_view> known) {
  for (const auto& [key, member] : in.members()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) member.refuse("is not known");
  }
}

std::string text_at(const Cursor& in, std::string_view key) {
  const Cursor at = in.at(key);
  std::string text = at.text();
  if (text.empty()) at.refuse("must not be empty");
  if (text.size() > longest_text) {
    at.refuse(fmt::format("{} bytes are more than {}", text.size(), longest_text));
  }
  return text;
}

// On an error something that matches nothing: the document is refused as a whole.
CasePattern pattern_of(const Cursor& in, std::string_view text) {
  Result<CasePattern> pattern = CasePattern::parse(text);
  if (pattern) return *std::move(pattern);
  in.refuse(pattern.error().str());
  return {};
}

CasePattern cases_at(const Cursor& in) { return pattern_of(in.at("case"), text_at(in, "case")); }

std::regex regex_at(const Cursor& in, std::string_view key) {
  Result<std::regex> regex = parse_pattern(text_at(in, key));
  if (regex) return *std::move(regex);
  in.at(key).refuse(regex.error().str());
  return {};
}

Date date_at(const Cursor& in, std::string_view key) {
  const Result<Date> date = Date::parse(text_at(in, key));
  if (date) return *date;
  in.at(key).refuse(date.error().str());
  return {};
}

// "case": an expression; or "family": a word, for all of its benchmarks.
CasePattern limited_cases(const Cursor& in) {
  if (in.has("case") == in.has("family")) {
    in.refuse("must have one of 'case' and 'family'");
    return {};
  }
  if (in.has("case")) return cases_at(in);
  const std::string family = text_at(in, "family");
  const bool is_word = std::all_of(family.begin(), family.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!is_word) in.at("family").refuse(fmt::format("'{}' is not a word", printable(family, 60)));
  return is_word ? pattern_of(in, fmt::format("^{}/", family)) : CasePattern{};
}

Limit read_limit(const Cursor& in) {
  refuse_others(in, {"case", "family", "threshold", "required"});
  Limit limit{.cases = limited_cases(in), .threshold = {}, .required = false};
  if (in.has("threshold")) {
    const double threshold = in.at("threshold").number();
    if (!std::isfinite(threshold) || threshold <= 0 || threshold > largest_threshold) {
      in.at("threshold").refuse("must be a fraction over 0: 0.03 for 3 %");
    }
    limit.threshold = threshold;
  }
  if (in.has("required")) limit.required = in.at("required").boolean();
  if (!limit.threshold && !limit.required) in.refuse("limits nothing");
  return limit;
}

KnownIssue read_issue(const Cursor& in) {
  refuse_others(in, {"case", "owner", "reason", "expires", "kernels"});
  KnownIssue issue{.cases = cases_at(in),
                   .owner = text_at(in, "owner"),
                   .reason = text_at(in, "reason"),
                   .expires = date_at(in, "expires"),
                   .kernels = {}};
  if (in.has("kernels")) issue.kernels = regex_at(in, "kernels");
  return issue;
}

AllowedSkip read_skip(const Cursor& in) {
  refuse_others(in, {"case", "reason"});
  AllowedSkip skip{.cases = cases_at(in), .reason = {}};
  const std::string reason = text_at(in, "reason");
  if (reason == "*") return skip;
  skip.reason = parse_skip_reason(reason);
  if (!skip.reason) {
    in.at("reason").refuse(fmt::format("'{}' is not a reason to skip", printable(reason, 60)));
  }
  return skip;
}

AllowedSplat read_splat(const Cursor& in) {
  refuse_others(in, {"kind", "match", "owner", "expires"});
  AllowedSplat splat{.kind = text_at(in, "kind"),
                     .match = regex_at(in, "match"),
                     .owner = text_at(in, "owner"),
                     .expires = date_at(in, "expires")};
  if (!is_splat_kind(splat.kind)) {
    in.at("kind").refuse(fmt::format("'{}' is not a kind of splat", printable(splat.kind, 60)));
  }
  return splat;
}

template <class Entry>
std::vector<Entry> entries(const Cursor& in, std::string_view key, Entry (*read)(const Cursor&)) {
  std::vector<Entry> all;
  if (!in.has(key)) return all;
  const std::vector<Cursor> elements = in.at(key).elements();
  if (elements.size() > most_entries) {
    in.at(key).refuse(fmt::format("{} entries are more than {}", elements.size(), most_entries));
    return all;
  }
  for (const Cursor& element : elements) all.push_back(read(element));
  return all;
}

}  // namespace

std::string Date::str() const { return fmt::format("{:04}-{:02}-{:02}", year, month, day); }

Result<Date> Date::parse(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  const bool fits = text.size() == shape.size() &&
                    // cppcheck-suppress danglingTemporaryLifetime ; shape is none
                    std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
                      return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
                    });
  const auto number = [text](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  if (fits) {
    const Date date{number(0, 4), number(5, 2), number(8, 2)};
    using namespace std::chrono;
    const year_month_day day{std::chrono::year(date.year),
                             std::chrono::month(static_cast<unsigned>(date.month)),
                             std::chrono::day(static_cast<unsigned>(date.day))};
    if (day.ok()) return date;
  }
  return Error{fmt::format("'{}' is not a day (YYYY-MM-DD)", printable(text, 60))};
}

Result<Policy> read_policy(std::string_view text) {
  if (text.size() > longest_policy) {
    return Error{
        fmt::format("{} bytes are more than a policy can have ({})", text.size(), longest_policy)};
  }
  const Result<nlohmann::json> document = parse_json(text);
  if (!document) return document.error();
  std::string error;
  const Cursor in(*document, "", error);
  const Cursor schema = in.at("schema");
  if (const int number = schema.integer<int>(); number != policy_schema) {
    schema.refuse(
        fmt::format("{} is not the schema that this nsbench reads ({})", number, policy_schema));
  }
  if (!error.empty()) return Error{error};
  refuse_others(in, {"schema", "limits", "known_issues", "allowed_skips", "allowed_splats"});
  Policy policy{.limits = entries<Limit>(in, "limits", read_limit),
                .known_issues = entries<KnownIssue>(in, "known_issues", read_issue),
                .allowed_skips = entries<AllowedSkip>(in, "allowed_skips", read_skip),
                .allowed_splats = entries<AllowedSplat>(in, "allowed_splats", read_splat)};
  if (!error.empty()) return Error{error};
  return policy;
}

}  // namespace nsbench
