// From files of reports to a verdict over kernels and machines.
#include "suites/fleet/verdict.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"
#include "suites/fleet/collect.h"
#include "suites/testing/in_directory.h"

namespace nsbench::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const SampleSeries uts{.id = "create/uts:unshare:root"};
const SampleSeries slow_uts{.id = "create/uts:unshare:root", .change = 0.2};

class VerdictTest : public nsbench::testing::InDirectory {
 protected:
  // A fleet of one type of machine in a directory of its own, without a job.
  Fleet fleet(const std::string& type) const {
    return {Directory(fs::path(path(type))), {.device_type = type, .base = "old", .minutes = 60}};
  }
  static PlannedJob& job(Fleet& fleet, const std::string& kernel, int boot) {
    fleet.plan.jobs.push_back(
        {.id = fmt::format("00000000-0000-5000-8000-{:012}", fleet.plan.jobs.size()),
         .name = "n",
         .kernel = kernel,
         .boot = boot,
         .file = "jobs/x.yaml"});
    return fleet.plan.jobs.back();
  }
  static PlannedJob& collected(Fleet& fleet, const std::string& kernel, int boot,
                               const Report& report) {
    PlannedJob& made = job(fleet, kernel, boot);
    made.outcome = Outcome::Collected;
    EXPECT_TRUE(put(fleet.directory.report_file(made), to_json(report)));
    return made;
  }
  // Eight boots, as saved times need.
  static void boots(Fleet& fleet, const std::string& kernel, const SampleSeries& series,
                    bool is_new, int first) {
    for (int i = 0; i < 8; ++i)
      collected(fleet, kernel, i + 1, one_run({series}, is_new, first + i));
  }
  static FleetVerdict verdict_of(const std::vector<Fleet>& fleets,
                                 const GateOptions& options = {}) {
    const Result<FleetVerdict> verdict = gate(fleets, options, [] { return false; });
    EXPECT_TRUE(verdict) << verdict.error().str();
    return verdict ? *verdict : FleetVerdict();
  }
};

TEST_F(VerdictTest, EachKernelAgainstTheBaseOnItsOwnMachine) {
  // The board is three times as fast as the emulator: it must not be compared with that.
  Fleet qemu = fleet("qemu");
  Fleet board = fleet("board");
  SampleSeries fast = uts;
  fast.typical /= 3;
  SampleSeries fast_slow = slow_uts;
  fast_slow.typical /= 3;
  boots(qemu, "new", uts, true, 0);
  boots(qemu, "old", uts, false, 100);
  boots(board, "old", fast, false, 200);
  boots(board, "new", fast_slow, true, 300);
  const FleetVerdict verdict = verdict_of({qemu, board});
  ASSERT_THAT(verdict.kernels, SizeIs(4));
  EXPECT_TRUE(verdict.kernels[0].is_base) << "it stands first, wherever its jobs are";
  EXPECT_EQ(verdict.kernels[1].kernel, "new");
  EXPECT_EQ(verdict.kernels[1].decision.code, ExitCode::Ok);
  EXPECT_EQ(verdict.kernels[3].device_type, "board");
  EXPECT_EQ(verdict.kernels[3].decision.code, ExitCode::Failed);
  EXPECT_THAT(verdict.kernels[3].slower, ElementsAre(uts.id));
  EXPECT_EQ(verdict.code, ExitCode::Failed);
  EXPECT_EQ(verdict.comparisons, 2U);
}

// Slower by what one comparison calls slower, and no more.
const SampleSeries hardly{.id = "create/uts:unshare:root", .change = 0.03, .start_scatter = 0.011};

TEST_F(VerdictTest, AmongManyComparisonsASlowerOneIsASuspicionUntilFreshBootsSaySoToo) {
  Fleet qemu = fleet("qemu");
  SampleSeries calm = hardly;
  calm.change = 0;
  boots(qemu, "old", calm, false, 0);
  boots(qemu, "new", hardly, true, 100);
  ASSERT_EQ(verdict_of({qemu}).code, ExitCode::Failed) << "alone it is a finding";
  for (int i = 0; i < 40; ++i) job(qemu, fmt::format("other{}", i), 1);
  const FleetVerdict suspicion = verdict_of({qemu});
  EXPECT_EQ(suspicion.code, ExitCode::Unknown);
  EXPECT_THAT(suspicion.kernels[1].suspected, ElementsAre(uts.id));
  EXPECT_THAT(suspicion.kernels[1].slower, IsEmpty());
  EXPECT_THAT(suspicion.kernels[1].decision.reasons, Contains(HasSubstr("--boots 16")));

  Fleet again = qemu;
  for (int i = 0; i < 8; ++i) {
    collected(again, "old", 9 + i, one_run({calm}, false, 200 + i));
    collected(again, "new", 9 + i, one_run({hardly}, true, 300 + i));
  }
  const FleetVerdict confirmed = verdict_of({again});
  EXPECT_EQ(confirmed.kernels[1].decision.code, ExitCode::Failed);
  EXPECT_THAT(confirmed.kernels[1].slower, ElementsAre(uts.id));
  EXPECT_THAT(confirmed.kernels[1].decision.reasons[0], HasSubstr("in fresh boots"));

  Fleet calmed = qemu;
  for (int i = 0; i < 8; ++i) {
    collected(calmed, "old", 9 + i, one_run({calm}, false, 400 + i));
    collected(calmed, "new", 9 + i, one_run({calm}, true, 500 + i));
  }
  const FleetVerdict dropped = verdict_of({calmed});
  EXPECT_THAT(dropped.kernels[1].suspected, IsEmpty());
  EXPECT_THAT(dropped.kernels[1].slower, IsEmpty());
}

SeriesComparison row_of(double ratio) {
  SeriesComparison row;
  row.id = *CaseId::parse(uts.id);
  row.ratio = ratio;
  row.p = 1;
  row.threshold = 0.01;
  return row;
}

TEST(Pool, TypesOfMachineThatSayTheSameAreBelievedTogether) {
  Pool pool;
  for (const double noise : {-0.004, 0.003, 0.001, -0.002, 0.002, 0.0}) {
    pool.add("slow", row_of(1.03 + noise));
    pool.add("same", row_of(1 + noise));
    pool.add("less", row_of(1.009 + noise / 100));  // for certain, and under the threshold
  }
  pool.add("few", row_of(1.5));
  pool.add("few", row_of(1.5));
  const std::vector<Together> slower = pool.slower(Shares(0.01, 24));
  ASSERT_THAT(slower, SizeIs(1));
  EXPECT_EQ(slower[0].kernel, "slow");
  EXPECT_EQ(slower[0].series, uts.id);
  EXPECT_EQ(slower[0].types, 6U);
  EXPECT_NEAR(slower[0].ratio, 1.03, 0.001);
  // One type that says so of six says nothing of all.
  Pool one;
  for (const double ratio : {1.0, 1.001, 0.999, 1.0, 1.002, 1.3}) one.add("k", row_of(ratio));
  EXPECT_THAT(one.slower(Shares(0.01, 24)), IsEmpty());
}

TEST_F(VerdictTest, AMissingReportIsNeverAPass) {
  for (const Outcome outcome : {Outcome::Planned, Outcome::Waiting, Outcome::Ended,
                                Outcome::Damaged, Outcome::Lost, Outcome::Canceled}) {
    Fleet qemu = fleet("qemu");
    collected(qemu, "old", 1, healthy_report());
    collected(qemu, "new", 1, healthy_report());
    EXPECT_EQ(verdict_of({qemu}).code, ExitCode::Unknown) << "benchmarks of one run can't be told";
    Fleet checks = fleet("checks");
    Report healthy = healthy_report();
    healthy.series.clear();
    collected(checks, "old", 1, healthy);
    collected(checks, "new", 1, healthy);
    ASSERT_EQ(verdict_of({checks}).code, ExitCode::Ok);
    job(checks, "new", 2).outcome = outcome;
    const FleetVerdict verdict = verdict_of({checks});
    EXPECT_EQ(verdict.code, ExitCode::Unknown);
    EXPECT_THAT(verdict.kernels[1].decision.reasons,
                Contains(fmt::format("a report is missing ({}), boot 2", id(outcome))));
    EXPECT_EQ(verdict.kernels[1].reports, 1U);
    EXPECT_EQ(verdict.kernels[1].jobs, 2U);
    fs::remove_all(path("checks"));
    fs::remove_all(path("qemu"));
  }
}

TEST_F(VerdictTest, AKernelThatFailedFailsTheGateAndABaseThatFailedTellsNothing) {
  Report healthy = healthy_report();
  healthy.series.clear();
  Fleet qemu = fleet("qemu");
  collected(qemu, "old", 1, healthy);
  PlannedJob& dead = job(qemu, "new", 1);
  dead.outcome = Outcome::Failed;
  dead.why = "Kernel panic - not syncing";
  const FleetVerdict verdict = verdict_of({qemu});
  EXPECT_EQ(verdict.code, ExitCode::Failed);
  EXPECT_THAT(verdict.kernels[1].decision.reasons,
              ElementsAre("the kernel failed, boot 1: Kernel panic - not syncing"));
  GateOptions other;
  other.base = "new";
  const FleetVerdict turned = verdict_of({qemu}, other);
  EXPECT_EQ(turned.code, ExitCode::Unknown);
  EXPECT_THAT(turned.kernels[1].decision.reasons, Contains("there is no report of the base"));
}

TEST_F(VerdictTest, ACheckThatFailsIsSaidBeforeWhatIsMissing) {
  Report healthy = healthy_report();
  healthy.series.clear();
  Report broken = healthy;
  const auto real = std::find_if(broken.cases.begin(), broken.cases.end(), [](const auto& one) {
    return !one.id.control && one.verdict == VerdictKind::Pass;
  });
  ASSERT_NE(real, broken.cases.end());
  real->verdict = VerdictKind::Fail;
  Fleet qemu = fleet("qemu");
  collected(qemu, "old", 1, healthy);
  collected(qemu, "new", 1, broken);
  job(qemu, "new", 2).outcome = Outcome::Lost;
  const FleetVerdict verdict = verdict_of({qemu});
  EXPECT_EQ(verdict.code, ExitCode::Failed);
  EXPECT_THAT(verdict.kernels[1].decision.reasons[0], HasSubstr("check that passed fails"));
  EXPECT_THAT(verdict.kernels[1].regressed, ElementsAre(real->id.str()));
  EXPECT_THAT(verdict_json(verdict), HasSubstr("\"exit\": 1"));
}

TEST_F(VerdictTest, AReportOfAnotherKernelIsRefused) {
  Fleet qemu = fleet("qemu");
  Report healthy = healthy_report();
  collected(qemu, "old", 1, healthy).release = "9.9.9 (somebody) #1";
  const Result<FleetVerdict> verdict = gate({qemu}, {}, [] { return false; });
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().str(), HasSubstr("and the job boots 9.9.9"));
}

TEST_F(VerdictTest, WhatCanNotBeAskedIsUsage) {
  const auto error_of = [](const std::vector<Fleet>& fleets, const std::string& base) {
    GateOptions options;
    options.base = base;
    const Result<FleetVerdict> verdict = gate(fleets, options, [] { return false; });
    EXPECT_FALSE(verdict);
    return verdict ? "" : verdict.error().str();
  };
  Fleet qemu = fleet("qemu");
  collected(qemu, "old", 1, healthy_report());
  EXPECT_THAT(error_of({qemu}, "none"), HasSubstr("no kernel none"));
  EXPECT_THAT(error_of({qemu, qemu}, "old"), HasSubstr("a second fleet of qemu"));
  qemu.plan.base.clear();
  EXPECT_THAT(error_of({qemu}, ""), HasSubstr("--base"));
  EXPECT_THAT(error_of({fleet("empty")}, ""), HasSubstr("no kernel old"));
}

// collect() from files, as a Slurm array leaves them.
class CollectTest : public VerdictTest {
 protected:
  void SetUp() override {
    VerdictTest::SetUp();
    fs::create_directories(path("from"));
  }
  Outcome collect_it(Fleet& fleet) {
    said.clear();
    const Status done =
        collect(fleet.plan.jobs[0], path("from"),
                {.into = fleet.directory,
                 .tell = [this](const PlannedJob&, const std::string& what) { said = what; },
                 .arrange = [](Report&) {}});
    EXPECT_TRUE(done) << done.error().str();
    return fleet.plan.jobs[0].outcome;
  }
  std::string said;
};

TEST_F(CollectTest, AReportIsKeptOnce) {
  Fleet qemu = fleet("qemu");
  const std::string id = job(qemu, "old", 1).id;
  EXPECT_EQ(collect_it(qemu), Outcome::Planned);
  saved("from/" + id + ".json", to_json(healthy_report()));
  EXPECT_EQ(collect_it(qemu), Outcome::Collected);
  EXPECT_EQ(said, "collected");
  EXPECT_TRUE(qemu.directory.report(qemu.plan.jobs[0]));
  EXPECT_EQ(collect_it(qemu), Outcome::Collected);
  EXPECT_THAT(said, IsEmpty());
  fs::remove(qemu.directory.report_file(qemu.plan.jobs[0]));
  check_kept(qemu.plan, qemu.directory);
  EXPECT_EQ(qemu.plan.jobs[0].outcome, Outcome::Planned);
}

TEST_F(CollectTest, WhatIsNoWholeReportIsDamagedAndSaysWhy) {
  Fleet qemu = fleet("qemu");
  const std::string id = job(qemu, "old", 1).id;
  const std::string whole = to_json(healthy_report());
  saved("from/" + id + ".json", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(collect_it(qemu), Outcome::Damaged);
  EXPECT_THAT(qemu.plan.jobs[0].why, HasSubstr(id + ".json: line "));
  fs::remove(path("from/" + id + ".json"));
  saved("from/" + id + ".log", "[    0.000000] Linux version 6.1.0\n");
  EXPECT_EQ(collect_it(qemu), Outcome::Damaged);
  EXPECT_EQ(qemu.plan.jobs[0].why, "no report came over its console");
  saved("from/" + id + ".log",
        "[    1.000000] Kernel panic - not syncing: Attempted to kill init!\n");
  EXPECT_EQ(collect_it(qemu), Outcome::Failed);
  EXPECT_TRUE(fs::exists(qemu.directory.log_file(qemu.plan.jobs[0])));
  // The job was run again, and this time it came.
  saved("from/" + id + ".json", whole);
  EXPECT_EQ(collect_it(qemu), Outcome::Collected);
  EXPECT_THAT(qemu.plan.jobs[0].why, IsEmpty());
}

TEST_F(CollectTest, OfAnotherKernelIsDamaged) {
  Fleet qemu = fleet("qemu");
  PlannedJob& made = job(qemu, "old", 1);
  made.release = "9.9.9";
  saved("from/" + made.id + ".json", to_json(healthy_report()));
  EXPECT_EQ(collect_it(qemu), Outcome::Damaged);
  EXPECT_THAT(qemu.plan.jobs[0].why, HasSubstr("the job boots 9.9.9"));
}

}  // namespace
}  // namespace nsbench::fleet
