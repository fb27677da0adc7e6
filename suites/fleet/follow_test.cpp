#include "suites/fleet/follow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "suites/fleet/testing/fake_lava.h"

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;

constexpr const char* started = "2026-11-30T22:00:00.123456Z";
constexpr std::int64_t start = 1796076000;  // that, in seconds
constexpr const char* greeting = "[    0.000000] Linux version 6.1.0\n";
constexpr const char* panic =
    "[    0.000000] Linux version 6.1.0\n"
    "[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs\n"
    "[    1.100000] ---[ end Kernel panic - not syncing: VFS ]---\n";

Plan plan_of(int jobs) {
  Plan plan{.device_type = "qemu", .minutes = 60};
  for (int i = 0; i < jobs; ++i) {
    plan.jobs.push_back({.id = fmt::format("00000000-0000-0000-0000-{:012}", i),
                         .name = fmt::format("nsbench k{} boot 1 on qemu {}", i, i),
                         .kernel = fmt::format("k{}", i),
                         .file = fmt::format("jobs/k{}.boot-1.yaml", i)});
  }
  return plan;
}

// Who speaks to the server, from its start to its end: killed and started again, there is another.
class FollowTest : public ::testing::Test {
 protected:
  static Result<std::string> yaml_of(const PlannedJob& job) {
    return "job_name: \"" + job.name + "\"\n";
  }
  struct Client {
    explicit Client(FollowTest& test)
        : lava(test.server, [](double) { return true; }),
          follower(lava, yaml_of, {.now = [&test] { return test.now; }, .resubmit = 2}),
          test(test) {}
    Status refresh(Plan& plan) {
      return follower.refresh(plan, [this, &plan] {
        kept = plan_json(plan);
        return Status();
      });
    }
    // As nsbench fleet submit does, once.
    Status submit(Plan& plan) {
      if (Status fresh = refresh(plan); !fresh) return fresh;
      return follower.submit_due(
          plan, [this](const PlannedJob&) { ++submitted; }, [this] { return submitted >= most; });
    }
    Lava lava;
    Follower follower;
    FollowTest& test;
    std::string kept;
    int submitted = 0;
    int most = 1000;
  };

  testing::FakeLava server;
  std::int64_t now = start + 60;
};

TEST_F(FollowTest, NothingIsSubmittedTwice) {
  Plan plan = plan_of(45);
  Client first(*this);
  first.most = 20;  // and is killed, its plan with it
  ASSERT_TRUE(first.submit(plan));
  EXPECT_EQ(server.jobs.size(), 20U);
  Plan again = plan_of(45);
  Client second(*this);
  ASSERT_TRUE(second.submit(again));
  EXPECT_EQ(second.submitted, 25);
  ASSERT_TRUE(second.submit(again));
  EXPECT_EQ(server.jobs.size(), 45U);
  for (const PlannedJob& job : again.jobs) {
    EXPECT_EQ(job.outcome, Outcome::Waiting);
    ASSERT_EQ(job.submissions.size(), 1U);
    EXPECT_EQ(server.job(job.submissions[0].number).name, job.name);
  }
  EXPECT_FALSE(second.follower.is_over(again));
}

TEST_F(FollowTest, AnAnswerThatIsLostIsNoSecondJob) {
  Plan plan = plan_of(3);
  Client client(*this);
  server.lose_answers = 2;
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 3U);
  for (const PlannedJob& job : plan.jobs) EXPECT_EQ(job.submissions.size(), 1U);
}

TEST_F(FollowTest, AnotherJobUnderTheNameOfOursDoesNotCount) {
  Plan plan = plan_of(2);
  Client client(*this);
  const Result<std::string> ours = yaml_of(plan.jobs[0]);
  ASSERT_TRUE(client.lava.submit(*ours + "# and another kernel\n"));
  server.complete(1, greeting);
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting);
  ASSERT_EQ(plan.jobs[0].submissions.size(), 1U);
  EXPECT_EQ(plan.jobs[0].submissions[0].number, 2);
  EXPECT_THAT(client.follower.strangers(),
              ::testing::ElementsAre(HasSubstr("LAVA's job 1 has the name of k0 boot 1")));
}

TEST_F(FollowTest, WhatWeSubmittedIsOursWhateverTheServerMakesOfIt) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.job(1).definition = "{job_name: ours}";
  ASSERT_TRUE(client.submit(plan));
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 1U);
  // Who does not know the number submits one more, and no third.
  Plan again = plan_of(1);
  Client other(*this);
  server.job(1).name = plan.jobs[0].name;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(other.submit(again));
  EXPECT_EQ(server.jobs.size(), 2U);
}

TEST_F(FollowTest, ARefusalEndsItAndWhatWasSubmittedIsKept) {
  Plan plan = plan_of(3);
  Client client(*this);
  client.most = 1;
  ASSERT_TRUE(client.submit(plan));
  client.most = 1000;
  server.refuse = 1;
  const Status refused = client.submit(plan);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().str(), HasSubstr("400"));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting);
  EXPECT_EQ(plan.jobs[1].outcome, Outcome::Planned);
}

TEST_F(FollowTest, APanicIsTheKernelsAndIsNotTriedAgain) {
  Plan plan = plan_of(2);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.fail(1, panic, "Infrastructure", "Connection closed");
  server.complete(2, greeting);
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Failed);
  EXPECT_THAT(plan.jobs[0].why, HasSubstr("Kernel panic - not syncing: VFS"));
  EXPECT_EQ(plan.jobs[1].outcome, Outcome::Ended);
  EXPECT_EQ(server.jobs.size(), 2U);
  EXPECT_TRUE(client.follower.is_over(plan));
  // What is settled is not asked for again.
  server.asked.clear();
  ASSERT_TRUE(client.refresh(plan));
  EXPECT_THAT(server.asked, ::testing::Each(HasSubstr("jobs/?")));
}

TEST_F(FollowTest, AKernelThatHangsHasFailed) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.fail(1, greeting, "Job", "auto-login-action timed out after 600 seconds");
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Failed);
  EXPECT_THAT(plan.jobs[0].why, HasSubstr("timed out after 600 seconds"));
}

TEST_F(FollowTest, TheLabsTroubleIsTriedAgainButNotForEver) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  for (std::int64_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting);
    server.fail(number, "", "Infrastructure", "no such tty");
    ASSERT_TRUE(client.submit(plan));
  }
  EXPECT_EQ(server.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Lost);
  EXPECT_TRUE(client.follower.is_over(plan));
  EXPECT_THAT(plan.jobs[0].why, HasSubstr("no such tty"));
}

TEST_F(FollowTest, AMachineThatIsGoneWithoutAWordEachTimeIsTheKernels) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  for (std::int64_t number = 1; number <= 3; ++number) {
    server.fail(number, greeting, "Infrastructure", "Connection closed");
    ASSERT_TRUE(client.submit(plan));
  }
  EXPECT_EQ(server.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Failed);
  EXPECT_THAT(plan.jobs[0].why, HasSubstr("3 times"));
}

TEST_F(FollowTest, AJobIsLostWithItsWorkerAndCountsOnceWhenBothEnd) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.run(1, "qemu-1", started);
  server.devices["qemu-1"] = false;
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting) << "it may only be busy";
  now += 60;
  server.devices["qemu-1"] = true;
  ASSERT_TRUE(client.submit(plan));
  server.devices["qemu-1"] = false;
  now += 100;
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 1U) << "it was there in between";
  now += 130;
  ASSERT_TRUE(client.submit(plan));
  ASSERT_EQ(server.jobs.size(), 2U);
  EXPECT_EQ(server.job(1).state, "Canceling");
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting);
  server.run(2, "qemu-2", started);
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Waiting);
  server.complete(2, greeting);
  server.complete(1, greeting);  // back again
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Ended);
  EXPECT_EQ(server.jobs.size(), 2U);
}

TEST_F(FollowTest, WhoIsKilledAfterCancelingIsNotTakenForSomebodyElse) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.run(1, "qemu-1", started);
  server.devices["qemu-1"] = false;
  ASSERT_TRUE(client.submit(plan));
  now += 130;
  client.most = 0;  // it does not come to the second submission
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.job(1).state, "Canceling");
  server.job(1).state = "Finished";
  server.job(1).health = "Canceled";
  Result<Plan> again = read_plan(client.kept);
  ASSERT_TRUE(again) << again.error().str();
  Client next(*this);
  ASSERT_TRUE(next.submit(*again));
  EXPECT_EQ(server.jobs.size(), 2U);
  EXPECT_EQ(again->jobs[0].outcome, Outcome::Waiting);
}

TEST_F(FollowTest, AJobThatLavaDoesNotEndIsGivenUp) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.run(1, "qemu-1", started);
  now = start + 3600 + 800;
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 1U);
  now += 200;
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(server.jobs.size(), 2U);
}

TEST_F(FollowTest, AReportThatDidNotComeWholeIsTriedAgain) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  for (std::int64_t number = 1; number <= 3; ++number) {
    server.complete(number, greeting);
    ASSERT_TRUE(client.submit(plan));
    ASSERT_EQ(plan.jobs[0].outcome, Outcome::Ended);
    // As collect() finds it.
    plan.jobs[0].submissions.back().damaged = true;
    plan.jobs[0].outcome = Outcome::Damaged;
    plan.jobs[0].why = "message 3 did not arrive";
    ASSERT_TRUE(client.submit(plan));
  }
  EXPECT_EQ(server.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Damaged);
  EXPECT_EQ(plan.jobs[0].why, "message 3 did not arrive");
  EXPECT_TRUE(client.follower.is_over(plan));
}

TEST_F(FollowTest, WhatSomebodyCanceledStaysSo) {
  Plan plan = plan_of(1);
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  server.job(1).state = "Finished";
  server.job(1).health = "Canceled";
  ASSERT_TRUE(client.submit(plan));
  EXPECT_EQ(plan.jobs[0].outcome, Outcome::Canceled);
  EXPECT_EQ(server.jobs.size(), 1U);
}

TEST_F(FollowTest, WhatIsCollectedIsNotAskedFor) {
  Plan plan = plan_of(1);
  plan.jobs[0].outcome = Outcome::Collected;
  Client client(*this);
  ASSERT_TRUE(client.submit(plan));
  EXPECT_THAT(server.asked, ::testing::IsEmpty());
}

TEST(SecondsOf, TimesOfLava) {
  EXPECT_EQ(seconds_of(started), start);
  EXPECT_EQ(seconds_of("1970-01-01T00:00:00Z"), 0);
  for (const char* none : {"", "now", "2026-11-30T22:00:00+01:00", "2026-13-30T22:00:00Z",
                           "2026-11-30T22:00:0", "2026-11-30 22:00:00Z", "2026-11-30T25:00:00Z"}) {
    EXPECT_EQ(seconds_of(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace nsbench::fleet
