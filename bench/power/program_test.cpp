// power as one runs it, with real workers, on comparisons too short to say anything.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/power/trial.h"
#include "probes/sandbox/support.h"
#include "suites/testing/subprocess.h"

namespace nsbench::power {
namespace {

using nsbench::testing::Finished;
using ::testing::HasSubstr;

class Power : public ::testing::Test {
 protected:
  void SetUp() override {
    const Support support = Support::look();
    privilege_ = support.sys_admin ? Privilege::Root : Privilege::Userns;
    if (support.missing(NamespaceSet{Kind::Uts}, privilege_)) {
      GTEST_SKIP() << "no uts namespace can be made here";
    }
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Finished power(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {POWER_PROGRAM, path_});
    return nsbench::testing::run_program(arguments);
  }
  // `count` comparisons of creating a uts namespace.
  Finished compare(int count, std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(),
                     {"--cases", "^create/uts:unshare:" + std::string(id(privilege_)), "--time",
                      "0.5", "--comparisons", std::to_string(count)});
    return power(arguments);
  }
  [[nodiscard]] std::vector<Trial> trials() const {
    Result<TrialFile> file = read_trials(path_);
    return file ? std::move(file->trials) : std::vector<Trial>{};
  }

  Privilege privilege_ = Privilege::Root;
  std::string path_ = ::testing::TempDir() + "/power-" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl";
};

TEST_F(Power, GoesOnWhereTheFileEnds) {
  const Finished first = compare(1, {"--null-weight", "1", "--sizes", "50"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  ASSERT_EQ(trials().size(), 1U);
  std::ofstream(path_, std::ios::app) << "{\"case\":\"create/u";
  const Finished second = compare(1, {"--null-weight", "1", "--sizes", "50"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("1 lines"));
  const std::vector<Trial> both = trials();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NE(both[0].setting.planted, both[1].setting.planted) << "a round has each once";
  const Finished analysis = power({"--analyse"});
  EXPECT_EQ(analysis.exit_code, 0);
  EXPECT_THAT(analysis.out, HasSubstr("+50 %: found"));
  EXPECT_EQ(trials().size(), 2U) << "analysing adds nothing";
}

TEST_F(Power, PlantsInOneSideAndNothingInTheOther) {
  const Finished run = compare(1, {"--null-weight", "0", "--sizes", "50", "--starts", "2"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<Trial> all = trials();
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].error, "");
  EXPECT_FALSE(all[0].base.batches.empty());
  EXPECT_EQ(all[0].base.batches.size(), all[0].now.batches.size());
  EXPECT_GT(all[0].base.batches.front().mean, 0);
  EXPECT_EQ(all[0].base.batches.back().start, 1) << "of two starts";
  ASSERT_EQ(all[0].notes.size(), 2U);
  EXPECT_THAT(all[0].notes[0], HasSubstr(" by 0 rounds"));
  EXPECT_THAT(all[0].notes[1], ::testing::Not(HasSubstr(" by 0 rounds")));
}

TEST_F(Power, AComparisonOfAWithAHasNoPlant) {
  ASSERT_EQ(compare(1, {"--sizes", "50"}).exit_code, 0);
  const std::vector<Trial> all = trials();
  ASSERT_EQ(all.size(), 1U);
  if (all[0].setting.planted == Planted::Nothing) {
    EXPECT_TRUE(all[0].notes.empty());
  }
}

TEST_F(Power, FiltersCanBeTheSlowdown) {
  const Finished run = compare(1, {"--null-weight", "0", "--plant", "seccomp", "--sizes", "64"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<Trial> all = trials();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].error, "");
  EXPECT_EQ(all[0].setting.size, 64);
}

TEST_F(Power, TakesOneSideAfterTheOtherUnderLoad) {
  if (privilege_ != Privilege::Root) GTEST_SKIP() << "the load is in a pid namespace of its own";
  const Finished run =
      compare(1, {"--order", "sequential", "--load", "on", "--null-weight", "1", "--sizes", "50"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<Trial> all = trials();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].error, "");
  EXPECT_EQ(all[0].base.batches.size(), 5U);
  EXPECT_EQ(all[0].now.batches.size(), 5U);
  EXPECT_LT(all[0].base.batches.front().pair, 0);
  EXPECT_GT(all[0].busy, 0);
}

TEST_F(Power, OtherToolsReadTheSameFile) {
  ASSERT_EQ(compare(2, {"--null-weight", "1", "--sizes", "50"}).exit_code, 0);
  const Finished table = nsbench::testing::run_program(
      {"python3", std::string(NSBENCH_SOURCE_DIR) + "/bench/power/other_tools.py", path_, "--power",
       POWER_PROGRAM});
  if (table.exit_code == 77 || table.exit_code == 127) GTEST_SKIP() << "no Python with SciPy here";
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("lock step, nsbench compare"));
  EXPECT_THAT(table.out, HasSubstr("lock step, benchstat's method, 10 means"));
  EXPECT_THAT(table.out, HasSubstr("+50 % found"));
}

TEST_F(Power, RefusesWhatItCantDo) {
  EXPECT_EQ(power({"--cases", "^nothing"}).exit_code, 2);
  EXPECT_EQ(power({"--cases", "("}).exit_code, 2);
  EXPECT_EQ(power({"--plant", "moss"}).exit_code, 2);
  EXPECT_EQ(power({"--nsbench", "/nonexistent"}).exit_code, 2);
  EXPECT_EQ(power({"--analyse"}).exit_code, 3) << "nothing was compared";
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace nsbench::power
