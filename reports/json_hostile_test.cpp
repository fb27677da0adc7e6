// What is not a report is refused with one error that names the place, and never crashes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
  const Result<Report> report = from_json(text);
  return report.ok() ? "accepted" : report.error().str();
}

// A small but complete report, as JSON to spoil.
Json sample() {
  Report report = sample_report();
  report.cases.resize(6);
  report.series.resize(2);
  return Json::parse(to_json(report));
}

TEST(HostileJson, TheUntouchedSampleIsAccepted) {
  EXPECT_EQ(error_of(sample().dump()), "accepted");
}

TEST(HostileJson, SyntaxErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of(""), "is empty");
  EXPECT_THAT(error_of("{\n  \"a\": nul\n}"), StartsWith("line 2, column "));
  EXPECT_THAT(error_of("{\"a\": NaN}"), StartsWith("line 1, column "));
  EXPECT_THAT(error_of("{} trailing"), StartsWith("line 1, column 6"));
  EXPECT_THAT(error_of("{\"a\": \"\xff\"}"), StartsWith("line 1, column "));
  EXPECT_EQ(error_of("{\n \"a\": 1e999}"), "line 2, column 7: '1e999' is too large for a number");
}

TEST(HostileJson, EveryTruncationIsRefused) {
  const std::string text = to_json(Report());
  for (std::size_t size = 1; size + 2 < text.size(); ++size) {
    EXPECT_THAT(error_of(text.substr(0, size)), StartsWith("line ")) << size;
  }
}

TEST(HostileJson, DeepNestingIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(error_of(std::string(1'000'000, '[')),
            "line 1, column 65: nested deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(error_of(objects), HasSubstr("nested deeper than 64 levels"));
  // Brackets in a text are no nesting.
  Json json = sample();
  json["kernel"]["cmdline"] = std::string(1000, '[') + "\\\"" + std::string(1000, '{');
  EXPECT_EQ(error_of(json.dump()), "accepted");
}

TEST(HostileJson, TooManyValuesOrBytesAreRefused) {
  EXPECT_THAT(error_of("[" + std::string(8'100'000, ',')), HasSubstr("more than 8000000 values"));
  std::string spaces;
  spaces.resize(70'000'000, ' ');
  EXPECT_THAT(error_of(spaces), HasSubstr("more than a report can have"));
}

TEST(HostileJson, ManyKeysOrElementsAreRefused) {
  std::string keys = "{";
  for (int i = 0; i <= 2'000'000; ++i) keys += "\"a\":0,";
  EXPECT_THAT(error_of(keys), HasSubstr("more than 2000000 keys"));
  Json json = sample();
  json["cases"][0]["namespaces"] = std::vector<int>(200'001);
  EXPECT_EQ(error_of(json.dump()), "/cases/0/namespaces: 200001 elements are more than 200000");
}

TEST(HostileJson, WhatIsNoReportSaysSo) {
  EXPECT_THAT(error_of("[]"), HasSubstr("not a report of nsbench"));
  EXPECT_THAT(error_of("7"), HasSubstr("not a report of nsbench"));
  EXPECT_THAT(error_of(R"({"context":{},"benchmarks":[]})"), HasSubstr("not a report of nsbench"));
}

TEST(HostileJson, ANewerSchemaIsNotGuessedAt) {
  Json json = sample();
  json["nsbench"]["schema"] = report_schema + 1;
  json["cases"] = "of another kind";
  EXPECT_EQ(error_of(json.dump()),
            fmt::format("/nsbench/schema: {} is newer than the newest that this nsbench reads ({})",
                        report_schema + 1, report_schema));
  json["nsbench"]["schema"] = 0;
  EXPECT_EQ(error_of(json.dump()), "/nsbench/schema: 0 is not a schema number");
}

struct Spoiled {
  const char* pointer;  // a JSON pointer to what is replaced
  Json value;           // discarded: the key is removed
  const char* error;
};

class SpoiledReport : public ::testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledReport, IsRefusedWithThePlace) {
  Json json = sample();
  const Json::json_pointer pointer(GetParam().pointer);
  if (GetParam().value.is_discarded()) {
    json[pointer.parent_pointer()].erase(pointer.back());
  } else {
    json[pointer] = GetParam().value;
  }
  EXPECT_EQ(error_of(json.dump()), GetParam().error);
}

const Json removed(Json::value_t::discarded);

INSTANTIATE_TEST_SUITE_P(
    All, SpoiledReport,
    ::testing::Values(
        Spoiled{"/kernel", removed, "/kernel: is missing"},
        Spoiled{"/kernel/release", removed, "/kernel/release: is missing"},
        Spoiled{"/kernel/release", 6, "/kernel/release: must be a text, is 6"},
        Spoiled{"/kernel", Json::array(), "/kernel: must be an object, is an array"},
        Spoiled{"/nsbench/seed", -1,
                "/nsbench/seed: must be a whole number that is not negative and fits, is -1"},
        Spoiled{"/nsbench/seconds", "soon",
                "/nsbench/seconds: must be a number, is the text 'soon'"},
        Spoiled{"/nsbench/interrupted", 0, "/nsbench/interrupted: must be true or false, is 0"},
        Spoiled{"/environment/uid", 5'000'000'000,
                "/environment/uid: must be a whole number that is not negative and fits, is "
                "5000000000"},
        Spoiled{"/environment/limits", Json::array(),
                "/environment/limits: must be an object, is an array"},
        Spoiled{"/environment/load_avg/1", "x",
                "/environment/load_avg/1: must be a number, is the text 'x'"},
        Spoiled{"/cases", Json::object(), "/cases: must be an array, is an object"},
        Spoiled{"/cases/3", nullptr, "/cases/3: must be an object, is null"},
        Spoiled{"/cases/1/verdict", "perhaps", "/cases/1/verdict: 'perhaps' is not a verdict"},
        Spoiled{"/cases/1/reason", "because", "/cases/1/reason: 'because' is not a reason to skip"},
        Spoiled{"/cases/1/reason", "limit",
                "/cases/1/reason: must be given with the verdict 'skip' and only then"},
        Spoiled{"/cases/1/errno", "EVIL", "/cases/1/errno: 'EVIL' is not the name of an errno"},
        Spoiled{"/cases/1/errno", "errno 1",
                "/cases/1/errno: 'errno 1' is not the name of an errno"},
        Spoiled{"/cases/1/statements/0/kind", "guess",
                "/cases/1/statements/0/kind: 'guess' is not a kind of statement"},
        Spoiled{"/cases/2/id", "uts/hostname:fork:root",
                "/cases/2/id: case id 'uts/hostname:fork:root': the method 'fork' is none of "
                "clone, clone3, unshare, setns"},
        Spoiled{"/cases/2/id", "pid/first_is_one:clone:root",
                "/cases/2/id: 'pid/first_is_one:clone:root' stands at /cases/0 already"},
        Spoiled{"/series/1/id", "create/none:clone:root",
                "/series/1/id: 'create/none:clone:root' stands at /series/0 already"},
        Spoiled{"/series/0/calls", 1.5,
                "/series/0/calls: must be a whole number that is not negative and fits, is 1.5"},
        Spoiled{"/series/0/calls", 3, "/series/0/samples: 2000 samples of 3 calls"},
        Spoiled{"/series/1/samples/7", nullptr, "/series/1/samples/7: must be a number, is null"},
        Spoiled{"/series/0/batches/2/p25", "fast",
                "/series/0/batches/2/p25: must be a number, is the text 'fast'"},
        Spoiled{"/series/0/skip", 1, "/series/0/skip: must be a text, is 1"},
        Spoiled{"/warnings/0/text", removed, "/warnings/0/text: is missing"}));

TEST(HostileJson, KeysThatWeDoNotKnowAreNotInTheWay) {
  Json json = sample();
  json["extra"] = 1;
  json["cases"][0]["extra"] = Json::array({1, 2});
  EXPECT_EQ(error_of(json.dump()), "accepted");
}

TEST(HostileJson, ATextInAnErrorIsCutAndEscaped) {
  Json json = sample();
  json["nsbench"]["seed"] = "\x1b[2J" + std::string(100'000, 'x');
  const std::string error = error_of(json.dump());
  EXPECT_LT(error.size(), 300U);
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace nsbench
