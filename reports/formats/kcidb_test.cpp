#include "reports/formats/kcidb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "reports/testdata/golden.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"

namespace nsbench {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Json written(const std::vector<Report>& reports, std::string_view origin = "nsbench") {
  return Json::parse(to_kcidb(reports, origin));
}

Json test_at(const Json& all, const std::string& path) {
  for (const Json& test : all["tests"]) {
    if (test["path"] == path) return test;
  }
  return nullptr;
}

// The whole is long: one of each kind is shown.
TEST(Kcidb, LooksAsItShould) {
  Report report = sample_report();
  std::erase_if(report.cases, [](const CaseResult& result) {
    const std::string id = result.id.str();
    return id != "uts/hostname:setns:userns" && id != "uts/hostname:setns:root" &&
           id != "ipc/sysv_keys:unshare:root" && id != "ipc/sysv_keys:unshare:root:control" &&
           id != "net/interfaces:clone3:userns";
  });
  std::erase_if(report.series, [](const Series& series) {
    return series.is_result() && series.id.str() != "create/mnt/mounts=10:unshare:root";
  });
  expect_golden("sample.kcidb.json", to_kcidb(std::vector{report}, "nsbench"));
}

TEST(Kcidb, EveryCheckIsATestAndEveryControlIsNot) {
  const Report report = sample_report();
  const Json all = written({report});
  EXPECT_EQ(test_at(all, "nsbench.uts.hostname.setns.root")["status"], "PASS");
  const Json failed = test_at(all, "nsbench.uts.hostname.setns.userns");
  EXPECT_EQ(failed["status"], "FAIL");
  EXPECT_THAT(failed["log_excerpt"].get<std::string>(),
              HasSubstr("rule: a host name set inside is not seen outside"));
  EXPECT_EQ(test_at(all, "nsbench.ipc.sysv_keys.unshare.root")["status"], "ERROR");
  const Json skipped = test_at(all, "nsbench.net.interfaces.clone3.userns");
  EXPECT_EQ(skipped["status"], "SKIP");
  EXPECT_EQ(skipped["misc"]["reason"], "limit");
  EXPECT_EQ(skipped["misc"]["errno"], "ENOSPC");
  for (const Json& test : all["tests"]) {
    EXPECT_THAT(test["path"].get<std::string>(), Not(HasSubstr("control")));
  }
}

TEST(Kcidb, ANumberIsInSecondsOrBytes) {
  const Json time = test_at(written({sample_report()}), "nsbench.create.uts.unshare.root.p50");
  EXPECT_EQ(time["status"], "DONE");
  EXPECT_NEAR(time["number"]["value"].get<double>(), 1.9e-6, 0.2e-6);
  EXPECT_EQ(time["number"]["unit"], "s");
  EXPECT_EQ(time["number"]["prefix"], "metric");
  const Json size = test_at(written({sample_sides().base}), "nsbench.memory.net.unshare.root.p50");
  EXPECT_EQ(size["number"]["value"], 215'000);
  EXPECT_EQ(size["number"]["unit"], "B");
  EXPECT_EQ(size["number"]["prefix"], "binary");
}

TEST(Kcidb, ABenchmarkWithoutAResultHasOneTestAndNoNumber) {
  const Json all = written({sample_report()});
  const Json failed = test_at(all, "nsbench.create.net.clone3.userns");
  EXPECT_EQ(failed["status"], "ERROR");
  EXPECT_EQ(failed["log_excerpt"], "clone3(CLONE_NEWNET): ENOSPC");
  EXPECT_FALSE(failed.contains("number"));
  EXPECT_EQ(test_at(all, "nsbench.create.time.unshare.root")["status"], "SKIP");
  EXPECT_TRUE(test_at(all, "nsbench.create.net.clone3.userns.p25").is_null());
}

TEST(Kcidb, ReportsOfOneKernelShareItsBuild) {
  Report second = sample_report();
  second.run.seed = 43;
  Report third = sample_report();
  third.kernel.release = "6.1.0-29-amd64";
  const Json all = written({sample_report(), second, third});
  EXPECT_EQ(all["checkouts"].size(), 2U);
  ASSERT_EQ(all["builds"].size(), 2U);
  EXPECT_EQ(all["builds"][0]["misc"]["runs"].size(), 2U);
  std::set<std::string> ids;
  for (const Json& test : all["tests"]) EXPECT_TRUE(ids.insert(test["id"]).second) << test["id"];
}

TEST(Kcidb, TheSameReportTwiceHasDifferentIds) {
  const Json all = written({sample_report(), sample_report()});
  std::set<std::string> ids;
  for (const Json& test : all["tests"]) EXPECT_TRUE(ids.insert(test["id"]).second) << test["id"];
}

TEST(Kcidb, TheOriginIsOurs) {
  EXPECT_TRUE(is_kcidb_origin("my_lab7"));
  for (const char* origin : {"", "My", "a:b", "a-b", "a b", "\xc3\xa4"}) {
    EXPECT_FALSE(is_kcidb_origin(origin)) << origin;
  }
  const Json all = written({sample_report()}, "my_lab7");
  EXPECT_EQ(all["checkouts"][0]["origin"], "my_lab7");
  for (const Json& test : all["tests"]) {
    EXPECT_EQ(test["origin"], "my_lab7");
    EXPECT_TRUE(test["id"].get<std::string>().starts_with("my_lab7:"));
  }
}

TEST(Kcidb, NeitherHostNameNorMachineIdIsPublished) {
  Report report = sample_report();
  report.environment.host_name = "secret-host";
  const std::string text = to_kcidb(std::vector{report}, "nsbench");
  EXPECT_THAT(text, Not(HasSubstr("secret-host")));
  EXPECT_THAT(text, Not(HasSubstr(report.kernel.machine_id)));
}

TEST(Kcidb, WhatAReportHoldsCannotBreakTheRules) {
  Report report = sample_report();
  report.run.started = "yesterday\n";
  report.kernel.machine = std::string("X\0/;86", 6);
  report.kernel.release = std::string(5000, '\xff');
  CaseResult& failed = report.cases[0];
  failed.verdict = VerdictKind::Fail;
  failed.seconds = std::numeric_limits<double>::quiet_NaN();
  failed.statements.assign(
      100, {Statement::Kind::Rule, std::string(3000, '\0'), std::string(3000, 'x'), "y", false});
  const Json all = written({report});
  EXPECT_EQ(all["builds"][0]["architecture"], "__86");
  const Json& test = all["tests"][0];
  EXPECT_FALSE(test.contains("start_time"));
  EXPECT_FALSE(test.contains("duration"));
  EXPECT_LE(test["log_excerpt"].get<std::string>().size(), 16384U);
  EXPECT_FALSE(test["log_excerpt"].get<std::string>().empty());
  EXPECT_EQ(test["log_excerpt"].get<std::string>().find('\0'), std::string::npos);
}

}  // namespace
}  // namespace nsbench
