// What is written reads back, and is what other tools expect.
#include "reports/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>

#include "reports/printable.h"
#include "reports/statistics.h"
#include "reports/testdata/sample_report.h"

namespace nsbench {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Report read_back(const Report& report) {
  Result<Report> read = from_json(to_json(report));
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().str());
  return read.ok() ? *std::move(read) : Report();
}

TEST(Json, ReadAndWrittenAgainIsTheSame) {
  for (const Report& report :
       {sample_report(), sample_report(1.0 / 3), healthy_report(), Report()}) {
    const std::string json = to_json(report);
    EXPECT_EQ(to_json(read_back(report)), json);
  }
}

TEST(Json, EveryFieldOfTheRunAndItsSurroundingsReadsBack) {
  Report before = sample_report();
  before.run.seed = std::numeric_limits<std::uint64_t>::max();
  before.run.interrupted = true;
  before.run.workload_version = 7;
  before.run.build_type = "debug";
  before.kernel.engine = "qemu-tcg";
  before.kernel.clock = "instructions";
  before.kernel.taint = 512;
  before.environment.uid = 4'000'000'000;
  before.environment.initial_user_namespace = false;
  before.environment.missing_capabilities = "cap_sys_admin";
  const Report after = read_back(before);
  EXPECT_EQ(after.run.version, before.run.version);
  EXPECT_EQ(after.run.build_type, "debug");
  EXPECT_EQ(after.run.workload_version, 7);
  EXPECT_EQ(after.run.command, before.run.command);
  EXPECT_EQ(after.run.suite, before.run.suite);
  EXPECT_EQ(after.run.seed, before.run.seed);
  EXPECT_EQ(after.run.started, before.run.started);
  EXPECT_DOUBLE_EQ(after.run.seconds, before.run.seconds);
  EXPECT_TRUE(after.run.interrupted);
  EXPECT_EQ(after.kernel.release, before.kernel.release);
  EXPECT_EQ(after.kernel.version, before.kernel.version);
  EXPECT_EQ(after.kernel.machine, before.kernel.machine);
  EXPECT_EQ(after.kernel.cmdline, before.kernel.cmdline);
  EXPECT_EQ(after.kernel.engine, "qemu-tcg");
  EXPECT_EQ(after.kernel.clock, "instructions");
  EXPECT_EQ(after.kernel.machine_id, before.kernel.machine_id);
  EXPECT_EQ(after.kernel.boot_id, before.kernel.boot_id);
  EXPECT_EQ(after.kernel.taint, 512);
  EXPECT_EQ(after.environment.host_name, before.environment.host_name);
  EXPECT_EQ(after.environment.cpu_model, before.environment.cpu_model);
  EXPECT_EQ(after.environment.cpus, before.environment.cpus);
  EXPECT_DOUBLE_EQ(after.environment.mhz, before.environment.mhz);
  ASSERT_EQ(after.environment.caches.size(), 2U);
  EXPECT_EQ(after.environment.caches[1].type, "Unified");
  EXPECT_EQ(after.environment.caches[1].level, 3);
  EXPECT_EQ(after.environment.caches[1].size, 33554432);
  EXPECT_EQ(after.environment.caches[1].num_sharing, 2);
  EXPECT_EQ(after.environment.load_avg, before.environment.load_avg);
  EXPECT_EQ(after.environment.virtualisation, before.environment.virtualisation);
  EXPECT_EQ(after.environment.uid, before.environment.uid);
  EXPECT_FALSE(after.environment.initial_user_namespace);
  EXPECT_EQ(after.environment.capabilities, before.environment.capabilities);
  EXPECT_EQ(after.environment.missing_capabilities, "cap_sys_admin");
  EXPECT_EQ(after.environment.seccomp, before.environment.seccomp);
  EXPECT_EQ(after.environment.lsm, before.environment.lsm);
  EXPECT_EQ(after.environment.limits, before.environment.limits);
  EXPECT_EQ(after.environment.namespaces, before.environment.namespaces);
  ASSERT_EQ(after.warnings.size(), 2U);
  EXPECT_EQ(after.warnings[1].code, before.warnings[1].code);
  EXPECT_EQ(after.warnings[1].text, before.warnings[1].text);
}

TEST(Json, EveryFieldOfACaseReadsBack) {
  Report before;
  CaseResult& result = before.cases.emplace_back();
  result.id = *CaseId::parse("mnt/view/mounts=3:setns.pidfd:userns:control");
  result.namespaces = {"mnt", "user"};
  result.verdict = VerdictKind::Skip;
  result.skip = SkipReason::Policy;
  result.expected = "the rule: 'a'";
  result.observed = "mount: EPERM";
  result.err = EPERM;
  result.seconds = 0.25;
  result.statements = {{Statement::Kind::Works, "it works", "success", "errno 4000", false, 4000}};
  const CaseResult after = read_back(before).cases.at(0);
  EXPECT_EQ(after.id, result.id);
  EXPECT_EQ(after.namespaces, result.namespaces);
  EXPECT_EQ(after.verdict, VerdictKind::Skip);
  EXPECT_EQ(after.skip, SkipReason::Policy);
  EXPECT_EQ(after.expected, result.expected);
  EXPECT_EQ(after.observed, result.observed);
  EXPECT_EQ(after.err, EPERM);
  EXPECT_DOUBLE_EQ(after.seconds, 0.25);
  ASSERT_EQ(after.statements.size(), 1U);
  EXPECT_EQ(after.statements[0].kind, Statement::Kind::Works);
  EXPECT_EQ(after.statements[0].text, "it works");
  EXPECT_EQ(after.statements[0].expected, "success");
  EXPECT_EQ(after.statements[0].observed, "errno 4000");
  EXPECT_FALSE(after.statements[0].holds);
  EXPECT_EQ(after.statements[0].err, 4000);
}

TEST(Json, EveryFieldOfASeriesReadsBack) {
  Report before;
  Series& series = before.series.emplace_back();
  series.id = *CaseId::parse("create/mnt/mounts=1000:clone3.vfork:root");
  series.workload = "one clone3 with a thousand mounts to copy";
  series.namespaces = {"mnt"};
  series.samples = {1234.5678, 1000, 2000.25};
  series.calls = 50;
  series.failures = 2;
  series.error = "clone3: ENOMEM";
  series.min = 999.5;
  series.max = 5000;
  series.mean = 1400.125;
  series.unit = "bytes";
  series.calls_per_timing = 16;
  series.batches = {{.t = 0.5,
                     .p25 = 1100.5,
                     .min = 999.5,
                     .mean = 1200.25,
                     .cpu = 900,
                     .calls = 25,
                     .seconds = 0.125,
                     .drain = 0.0625,
                     .pair = 7,
                     .start = 2}};
  series.warmup_batches = 3;
  series.drained = false;
  const Series after = read_back(before).series.at(0);
  EXPECT_EQ(after.id, series.id);
  EXPECT_EQ(after.workload, series.workload);
  EXPECT_EQ(after.namespaces, series.namespaces);
  EXPECT_EQ(after.samples, (std::vector<double>{1234.568, 1000, 2000.25}));
  EXPECT_EQ(after.calls, 50U);
  EXPECT_EQ(after.failures, 2U);
  EXPECT_EQ(after.error, series.error);
  EXPECT_EQ(after.min, 999.5);
  EXPECT_EQ(after.max, 5000);
  EXPECT_EQ(after.mean, 1400.125);
  ASSERT_EQ(after.batches.size(), 1U);
  EXPECT_EQ(after.batches[0].t, 0.5);
  EXPECT_EQ(after.batches[0].p25, 1100.5);
  EXPECT_EQ(after.batches[0].min, 999.5);
  EXPECT_EQ(after.batches[0].mean, 1200.25);
  EXPECT_EQ(after.batches[0].cpu, 900);
  EXPECT_EQ(after.batches[0].calls, 25U);
  EXPECT_EQ(after.batches[0].seconds, 0.125);
  EXPECT_EQ(after.batches[0].drain, 0.0625);
  EXPECT_EQ(after.batches[0].pair, 7);
  EXPECT_EQ(after.batches[0].start, 2);
  EXPECT_EQ(after.unit, "bytes");
  EXPECT_EQ(after.calls_per_timing, 16U);
  EXPECT_EQ(after.warmup_batches, 3U);
  EXPECT_FALSE(after.drained);
}

TEST(Json, WhatIsNoNumberIsNull) {
  Report report;
  Series& empty = report.series.emplace_back();
  empty.id = *CaseId::parse("create/net:clone:root");
  Series& odd = report.series.emplace_back();
  odd.id = *CaseId::parse("create/net:clone3:root");
  odd.calls = 3;
  odd.min = std::numeric_limits<double>::quiet_NaN();
  odd.max = std::numeric_limits<double>::infinity();
  odd.samples = {1, std::numeric_limits<double>::quiet_NaN()};
  odd.batches = {{.p25 = std::numeric_limits<double>::quiet_NaN()}};
  report.environment.mhz = std::numeric_limits<double>::quiet_NaN();
  const std::string text = to_json(report);
  const Json json = Json::parse(text);
  for (const char* key : {"p25", "p50", "p99", "p999", "min", "max", "mean"}) {
    EXPECT_TRUE(json["series"][0][key].is_null()) << key;
  }
  EXPECT_TRUE(json["series"][1]["min"].is_null());
  EXPECT_TRUE(json["series"][1]["max"].is_null());
  EXPECT_EQ(json["series"][1]["samples"].size(), 1U);
  EXPECT_TRUE(json["environment"]["mhz"].is_null());
  for (const char* word : {"nan", "NaN", "inf", "Inf"}) EXPECT_THAT(text, Not(HasSubstr(word)));
  EXPECT_EQ(to_json(*from_json(text)), text);
}

TEST(Json, TailPercentilesAreNullWithTooFewCalls) {
  const Json json = Json::parse(to_json(sample_report()));
  for (const Json& series : json["series"]) {
    const auto calls = series["calls"].get<int>();
    const bool kept = !series["samples"].empty();
    EXPECT_EQ(series["p99"].is_number(), calls >= 100 && kept) << series["id"];
    EXPECT_EQ(series["p999"].is_number(), calls >= 1000 && kept) << series["id"];
  }
}

TEST(Json, InvalidUtf8IsReplacedAndTheRestSurvives) {
  Report report;
  report.environment.host_name = "lab\xff-7";
  const std::string text = to_json(report);
  EXPECT_EQ(Json::parse(text)["environment"]["host_name"], "lab\xef\xbf\xbd-7");
  EXPECT_EQ(to_json(*from_json(text)), text);
}

TEST(Json, BenchmarksAreWhatGoogleBenchmarkWrites) {
  const Report report = sample_report();
  const Json json = Json::parse(to_json(report));
  std::size_t batches = 0;
  for (const Series& series : report.series) batches += series.batches.size();
  ASSERT_EQ(json["benchmarks"].size(), batches + 1);
  const Json& first = json["benchmarks"][0];
  EXPECT_EQ(first["name"], "create/none:clone:root");
  EXPECT_EQ(first["run_name"], first["name"]);
  EXPECT_EQ(first["run_type"], "iteration");
  EXPECT_EQ(first["repetitions"], 20);
  EXPECT_EQ(json["benchmarks"][1]["repetition_index"], 1);
  EXPECT_EQ(first["iterations"], 100);
  EXPECT_EQ(first["real_time"], json["series"][0]["batches"][0]["p25"]);
  EXPECT_EQ(first["cpu_time"], json["series"][0]["batches"][0]["cpu"]);
  EXPECT_EQ(first["time_unit"], "ns");
  const Json& failed = json["benchmarks"].back();
  EXPECT_EQ(failed["name"], "create/net:clone3:userns");
  EXPECT_EQ(failed["error_occurred"], true);
  EXPECT_EQ(failed["error_message"], "clone3(CLONE_NEWNET): ENOSPC");
  EXPECT_EQ(failed["real_time"], 0);
  EXPECT_EQ(failed["cpu_time"], 0);
  EXPECT_EQ(json["context"]["json_schema_version"], 1);
  EXPECT_EQ(json["context"]["executable"], "nsbench");
  EXPECT_TRUE(json["context"]["caches"].is_array());
}

TEST(Json, TheSummaryIsTheGates) {
  const Json summary = Json::parse(to_json(sample_report()))["summary"];
  EXPECT_EQ(summary["decision"], "fail");
  EXPECT_EQ(summary["exit_code"], 1);
  EXPECT_EQ(summary["fail"], 2);
  EXPECT_EQ(summary["controls_total"], 79);
  EXPECT_EQ(Json::parse(to_json(Report()))["summary"]["decision"], "unknown");
}

TEST(Json, WhatTheKernelSaidComesBackAsItWas) {
  const Report report = unwell_report();
  const Result<Report> read = from_json(to_json(report));
  ASSERT_TRUE(read.ok()) << read.error().str();
  EXPECT_EQ(read->kernel.splats, report.kernel.splats);
  EXPECT_EQ(read->kernel.taint_before, 0);
  EXPECT_EQ(read->kernel.boot_seconds, 3.25);
  EXPECT_EQ(read->kernel.config, "embedded");
  EXPECT_EQ(read->kernel.config_options, report.kernel.config_options);
  EXPECT_EQ(read->kernel.accelerator_note, "/dev/kvm: ENOENT");
}

TEST(Json, OfOlderReportsWhatTheKernelSaidIsNotKnown) {
  Json json = Json::parse(to_json(unwell_report()));
  for (const char* key :
       {"taint_before", "splats", "boot_seconds", "config", "config_options", "accelerator_note"}) {
    json["kernel"].erase(key);
  }
  const Result<Report> read = from_json(json.dump());
  ASSERT_TRUE(read.ok()) << read.error().str();
  EXPECT_TRUE(read->kernel.splats.empty());
  EXPECT_FALSE(read->kernel.taint_before);
  json["kernel"]["splats"] = {{{"kind", "sneeze"}, {"excerpt", ""}, {"running", ""}}};
  EXPECT_THAT(from_json(json.dump()).error().str(),
              HasSubstr("/kernel/splats/0/kind: 'sneeze' is not a kind of splat"));
}

TEST(Json, OneCaseALine) {
  const std::string text = to_json(sample_report());
  EXPECT_THAT(text, HasSubstr("\n    {\"id\":\"uts/hostname:clone:root\","));
  EXPECT_TRUE(text.ends_with("}\n"));
}

}  // namespace
}  // namespace nsbench
