#include "bench/power/trial.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "reports/file.h"

namespace nsbench::power {
namespace {

Trial sample() {
  Trial trial;
  trial.setting = {.case_id = *CaseId::parse("create/mnt/mounts=1000:unshare:root"),
                   .planted = Planted::Spin,
                   .size = 0.03,
                   .load = true};
  trial.started = "2026-01-02T03:04:05Z";
  trial.version = "1.2.3";
  trial.machine = "Linux 6.1 on 2 CPUs";
  trial.seconds = 21.5;
  trial.busy = 0.75;
  trial.steal = 0.125;
  trial.notes = {"46.4 ns on 1552.3 ns, by 170 rounds of spinning"};
  trial.base = {.calls_per_timing = 4,
                .batches = {{.t = 0.5,
                             .p25 = 1000.125,
                             .min = 900,
                             .mean = 1100.5,
                             .cpu = 1200,
                             .calls = 80,
                             .seconds = 0.1,
                             .drain = 0.02,
                             .pair = 7,
                             .start = 2},
                            {.p25 = 2, .min = 1, .calls = 9, .pair = 8}}};
  trial.now = {.batches = {{.p25 = 1030, .min = 930, .mean = 1130, .calls = 70, .pair = 7}}};
  return trial;
}

class TrialFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void append_raw(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }
  std::string path_ = testing::TempDir() + "/trials-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl";
};

TEST(Trial, SurvivesItsLine) {
  const Trial before = sample();
  const std::string line = to_line(before);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Result<Trial> after = from_line(line);
  ASSERT_TRUE(after) << after.error().str();
  EXPECT_EQ(after->setting, before.setting);
  EXPECT_EQ(after->started, before.started);
  EXPECT_EQ(after->version, before.version);
  EXPECT_EQ(after->machine, before.machine);
  EXPECT_EQ(after->seconds, 21.5);
  EXPECT_EQ(after->busy, 0.75);
  EXPECT_EQ(after->steal, 0.125);
  EXPECT_EQ(after->error, "");
  EXPECT_EQ(after->notes, before.notes);
  EXPECT_EQ(after->base.calls_per_timing, 4U);
  ASSERT_EQ(after->base.batches.size(), 2U);
  const Batch& batch = after->base.batches.front();
  EXPECT_EQ(batch.t, 0.5);
  EXPECT_EQ(batch.p25, 1000.125);
  EXPECT_EQ(batch.min, 900);
  EXPECT_EQ(batch.mean, 1100.5);
  EXPECT_EQ(batch.cpu, 1200);
  EXPECT_EQ(batch.calls, 80U);
  EXPECT_EQ(batch.seconds, 0.1);
  EXPECT_EQ(batch.drain, 0.02);
  EXPECT_EQ(batch.pair, 7);
  EXPECT_EQ(batch.start, 2);
  ASSERT_EQ(after->now.batches.size(), 1U);
  EXPECT_EQ(after->now.batches.front().p25, 1030);
}

TEST(Trial, RefusesWhatIsNone) {
  const std::string line = to_line(sample());
  EXPECT_FALSE(from_line(""));
  EXPECT_FALSE(from_line("{}"));
  EXPECT_FALSE(from_line("[1]"));
  for (const auto& [from, to] :
       {std::pair{"\"spin\"", "\"spun\""}, std::pair{"\"lockstep\"", "\"\""},
        std::pair{"unshare:root", "unshare"}, std::pair{"\"p25\":[1000.125,", "\"p25\":["}}) {
    std::string spoilt = line;
    ASSERT_NE(spoilt.find(from), std::string::npos) << from;
    spoilt.replace(spoilt.find(from), std::string(from).size(), to);
    EXPECT_FALSE(from_line(spoilt)) << to;
  }
}

TEST(Trial, BecomesTheReportsOfALockStep) {
  const Trial trial = sample();
  const Reports reports = reports_of(trial);
  EXPECT_EQ(reports.base.run.side, "base");
  EXPECT_EQ(reports.now.run.side, "new");
  EXPECT_FALSE(reports.base.run.lockstep.empty());
  EXPECT_EQ(reports.base.run.lockstep, reports.now.run.lockstep);
  const Series& series = reports.base.series.at(0);
  EXPECT_TRUE(series.is_result());
  EXPECT_EQ(series.id, trial.setting.case_id);
  EXPECT_EQ(series.calls, 89U);
  EXPECT_EQ(series.min, 1);
  EXPECT_EQ(series.batches.size(), 2U);
  EXPECT_EQ(series.calls_per_timing, 4U);
}

TEST(Trial, OneAfterTheOtherIsNoLockStep) {
  Trial trial = sample();
  trial.setting.order = Order::Sequential;
  EXPECT_EQ(reports_of(trial).base.run.lockstep, "");
}

TEST_F(TrialFileTest, AMissingFileHasNoTrials) {
  const Result<TrialFile> file = read_trials(path_);
  ASSERT_TRUE(file) << file.error().str();
  EXPECT_TRUE(file->trials.empty());
  EXPECT_FALSE(read_trials("/")) << "what is there but can't be read is an error";
}

TEST_F(TrialFileTest, GrowsByALine) {
  ASSERT_TRUE(append_trial(path_, sample()));
  ASSERT_TRUE(append_trial(path_, sample()));
  const Result<TrialFile> file = read_trials(path_);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->trials.size(), 2U);
  EXPECT_EQ(file->damaged, 0U);
}

// A writer that was killed leaves the beginning of a line: wherever it stopped, the trials before
// are read, and what is added later is not lost.
TEST_F(TrialFileTest, SurvivesATruncatedLastLine) {
  const std::string line = to_line(sample());
  for (const std::size_t kept :
       {std::size_t{1}, std::size_t{40}, line.size() / 2, line.size() - 1}) {
    std::filesystem::remove(path_);
    ASSERT_TRUE(append_trial(path_, sample()));
    append_raw(line.substr(0, kept));
    const Result<TrialFile> before = read_trials(path_);
    ASSERT_TRUE(before) << kept;
    EXPECT_EQ(before->trials.size(), 1U) << kept;
    EXPECT_EQ(before->damaged, 1U) << kept;
    ASSERT_TRUE(append_trial(path_, sample()));
    const Result<TrialFile> after = read_trials(path_);
    ASSERT_TRUE(after) << kept;
    EXPECT_EQ(after->trials.size(), 2U) << kept;
    EXPECT_EQ(after->damaged, 1U) << kept;
  }
}

TEST_F(TrialFileTest, ALastLineThatLacksOnlyItsEndCounts) {
  append_raw(to_line(sample()));
  ASSERT_TRUE(append_trial(path_, sample()));
  const Result<TrialFile> file = read_trials(path_);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->trials.size(), 2U);
  EXPECT_EQ(file->damaged, 0U);
}

}  // namespace
}  // namespace nsbench::power
