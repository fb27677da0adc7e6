// Reports of hostile texts: a kernel's, a host's, a file's. Whatever they hold, no format lets a
// control character or one that hides others through, nor a line or a mark that its reader obeys.
#include "reports/testdata/hostile.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/formats/format.h"
#include "reports/json.h"
#include "reports/policy.h"
#include "reports/printable.h"
#include "reports/testdata/compared.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

// What drives a terminal, in UTF-8 as a file of JSON must have it: C0, DEL, C1 (CSI), the bidi
// controls, zero width, line separators. Then what a CI system obeys.
const std::string evil =
    "\x1b[2J\x1b]0;owned\x07\r\x08\x7f\xc2\x9b\x33\x31m\xd8\x9c\xe2\x80\x8e\xe2\x80\xae\xe2\x81\xa6"
    "\xe2\x80\x8b\xe2\x80\xa8\xef\xbb\xbf\xf3\xa0\x81\x81\n and some words before the next that "
    "may "
    "be wrapped to a line of its own ::error::evil ::error::evil ::error::evil\n"
    "::error::evil\n##[error]evil\nnot ok 1 evil\nok 1 evil\n1..0 # SKIP evil\nBail out! evil\n"
    "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=evil RESULT=pass>\n]]><evil/>";

// Written apart from the code under test.
bool should_not_be_there(char32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c < 0xe0080);
}

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first;
  char32_t code = first & (0xffU >> (character.size() + 1));
  for (const char c : character.substr(1)) code = code << 6U | (static_cast<unsigned>(c) & 0x3fU);
  return code;
}

// The first character that should not be there, with what stands before it; "" if there is none.
// Colours are ours.
std::string raw_character_in(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("\x1b[")) {
      const std::size_t end = text.find_first_not_of("0123456789;", at + 2);
      if (end != std::string_view::npos && text[end] == 'm') {
        at = end + 1;
        continue;
      }
    }
    const std::size_t length = utf8_length(text.substr(at));
    const char32_t code = length == 0 ? 0xfffd : code_point(text.substr(at, length));
    if (length == 0 || should_not_be_there(code)) {
      const std::size_t before = at - std::min<std::size_t>(at, 60);
      return fmt::format("U+{:04X} behind '{}'", static_cast<unsigned>(code),
                         printable(text.substr(before, at - before)));
    }
    at += length;
  }
  return "";
}

// The texts of a document, by their place in it, where an array counts as one: "/cases/*/observed".
using Texts = std::map<std::string, std::vector<std::string*>>;
void collect(Json& value, const std::string& place, Texts& texts) {
  if (value.is_string()) texts[place].push_back(value.get_ptr<std::string*>());
  if (!value.is_structured()) return;
  for (auto& [key, member] : value.items()) {
    collect(member, place + "/" + (value.is_array() ? "*" : key), texts);
  }
}

// `text` behind every other wherever the reader takes any text at all: in a field that is added
// tomorrow too. It is tried in `part`, a document with less of the same, if that has the place.
template <class Read>
std::string filled_with(const std::string& text, const std::string& document,
                        const std::string& part, const Read& read) {
  Json json = Json::parse(document);
  Json small = Json::parse(part);
  Texts texts;
  Texts of_small;
  collect(json, "", texts);
  collect(small, "", of_small);
  std::size_t taken = 0;
  for (auto& [place, all] : texts) {
    const auto found = of_small.find(place);
    const bool in_small = found != of_small.end();
    std::string& tried = in_small ? *found->second.front() : *all.front();
    const std::string before = tried;
    tried += text;
    const bool takes = read(in_small ? small.dump() : json.dump());
    tried = before;
    if (!takes) continue;
    ++taken;
    for (std::string* const one : all) *one += text;
  }
  EXPECT_GT(taken, 2U);
  return json.dump();
}

Report filled(const Report& report) {
  Report part = report;
  part.cases.resize(std::min<std::size_t>(part.cases.size(), 4));
  part.series.resize(std::min<std::size_t>(part.series.size(), 1));
  const Result<Report> read =
      from_json(filled_with(evil, to_json(report), to_json(part),
                            [](const std::string& text) { return from_json(text).ok(); }));
  EXPECT_TRUE(read.ok());
  return *read;
}

void expect_harmless(const Format& format, const std::string& text) {
  EXPECT_EQ(raw_character_in(text), "") << format.name;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = std::string_view(text).substr(start, end - start);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (format.name == "github" && !line.starts_with("::")) {
      EXPECT_EQ(line.find("##["), std::string_view::npos) << line;
    }
    if (format.name == "github") {
      EXPECT_FALSE(line.starts_with("::error::evil")) << line;
    }
    if (format.name == "ktap" || format.name == "tap13") {
      for (const char* const obeyed :
           {"not ok 1 evil", "ok 1 evil", "1..0 # SKIP evil", "Bail out! evil"}) {
        EXPECT_FALSE(line.starts_with(obeyed)) << format.name << ": " << line;
      }
    }
    start = end + 1;
  }
  if (format.name == "lava") {
    EXPECT_EQ(text.find("TEST_CASE_ID=evil"), std::string::npos);
  }
  if (format.name == "junit" || format.name == "html") {
    EXPECT_EQ(text.find("<evil/>"), std::string::npos) << format.name;
  }
}

FormatOptions options(const Policy& policy) {
  FormatOptions all;
  all.text.color = true;
  all.text.every_check = true;
  all.text.histogram = true;
  all.judging = {&policy, {2026, 6, 1}};
  return all;
}

Policy hostile_policy() {
  const Json cases = Json::array(
      {{{"case", "uts/hostname.*"},
        {"owner", "me"},
        {"reason", "because"},
        {"expires", "2030-01-01"}},
       {{"case", "pid/.*"}, {"owner", "me"}, {"reason", "because"}, {"expires", "2020-01-01"}}});
  const Json document{{"schema", 1}, {"known_issues", cases}};
  const Result<Policy> policy =
      read_policy(filled_with(evil, document.dump(), document.dump(),
                              [](const std::string& text) { return read_policy(text).ok(); }));
  EXPECT_TRUE(policy.ok()) << policy.error().str();
  return *policy;
}

TEST(HostileText, TheCheckFindsWhatItShould) {
  for (const char* const raw : {"a\x1b[2Jb", "\x1b[31", "\x07", "\x7f", "\xc2\x9b", "\xd8\x9c",
                                "\xe2\x80\xae", "\xff", "\r"}) {
    EXPECT_NE(raw_character_in(raw), "") << printable(raw);
  }
  EXPECT_EQ(raw_character_in("\x1b[1;31mred\x1b[0m\tZürich ✓ 名\n"), "");
}

TEST(HostileText, OfReportsIsShownEscaped) {
  const Policy policy = hostile_policy();
  for (const Report& report :
       {filled(sample_report()), filled(unwell_report()), hostile_report()}) {
    for (const Format& format : all_formats()) {
      if (!serves(format, Serves::Report)) continue;
      expect_harmless(format, format.of_reports({&report, 1}, options(policy)));
    }
  }
}

TEST(HostileText, OfComparedReportsIsShownEscaped) {
  const Policy policy = hostile_policy();
  const SampleSides sides = sample_sides();
  const std::vector<Report> base{filled(sides.base)};
  std::vector<Report> now = base;
  now.front().run.seed += 1;
  for (CaseResult& result : now.front().cases) {
    if (result.verdict == VerdictKind::Pass && !result.id.control) {
      result.verdict = VerdictKind::Fail;
    }
  }
  const Comparison comparison = compared(base, now);
  for (const Format& format : all_formats()) {
    if (!serves(format, Serves::Compare)) continue;
    expect_harmless(format, format.of_comparison({comparison, base, now}, options(policy)));
  }
}

TEST(HostileText, OfErrorsIsShownEscaped) {
  const std::string text = to_json(sample_report());
  Json json = Json::parse(text);
  Texts texts;
  collect(json, "", texts);
  std::size_t refused = 0;
  for (const auto& [place, all] : texts) {
    std::string* const one = all.front();
    const std::string before = *one;
    *one = evil;
    if (const Result<Report> read = from_json(json.dump()); !read) {
      ++refused;
      EXPECT_EQ(raw_character_in(read.error().str()), "");
      EXPECT_THAT(read.error().str(), Not(HasSubstr("\n")));
    }
    *one = before;
  }
  EXPECT_GT(refused, 5U);
  for (const char* const wrong : {"{\"%s\": 1}", "{\"schema\": 1, \"%s\": 1}"}) {
    std::string document = wrong;
    document.replace(document.find("%s"), 2,
                     Json(evil).dump().substr(1, Json(evil).dump().size() - 2));
    EXPECT_EQ(raw_character_in(read_policy(document).error().str()), "");
    EXPECT_EQ(raw_character_in(from_json(document).error().str()), "");
  }
}

}  // namespace
}  // namespace nsbench
