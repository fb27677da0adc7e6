#include "suites/fleet/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;

Plan sample() {
  Plan plan{.device_type = "qemu", .base = "old", .server = "https://lab/", .minutes = 90};
  plan.jobs.push_back(
      {.id = "0a0b0c0d-0000-5000-8000-000000000001",
       .name = "nsbench old boot 1 on qemu 0a0b",
       .kernel = "old",
       .release = "6.1.0 (somebody) #1",
       .boot = 1,
       .file = "jobs/old.boot-1.yaml",
       .submissions = {{.number = 7, .state = "Running", .health = "Unknown", .abandoned = true},
                       {.number = 9, .state = "Finished", .health = "Complete", .damaged = true}},
       .outcome = Outcome::Ended,
       .why = "a \"quoted\"\nreason"});
  plan.jobs.push_back({.id = "0a0b0c0d-0000-5000-8000-000000000002",
                       .name = "n",
                       .kernel = "new",
                       .boot = 2,
                       .file = "jobs/new.boot-2.yaml"});
  return plan;
}

TEST(FleetPlan, ComesBackFromItsFile) {
  const std::string text = plan_json(sample());
  const Result<Plan> plan = read_plan(text);
  ASSERT_TRUE(plan) << plan.error().str();
  EXPECT_EQ(plan_json(*plan), text);
  EXPECT_EQ(plan->jobs[0].submissions.size(), 2U);
  EXPECT_TRUE(plan->jobs[0].submissions[0].abandoned);
  EXPECT_TRUE(plan->jobs[0].submissions[1].damaged);
  EXPECT_EQ(plan->jobs[0].outcome, Outcome::Ended);
  EXPECT_EQ(plan->jobs[0].why, "a \"quoted\"\nreason");
}

std::string spoiled(const std::string& what, const std::string& with) {
  std::string text = plan_json(sample());
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(FleetPlan, WhatIsNoneIsRefusedWithItsPlace) {
  const auto error_of = [](const std::string& text) {
    const Result<Plan> plan = read_plan(text);
    EXPECT_FALSE(plan) << text;
    return plan ? "" : plan.error().str();
  };
  EXPECT_THAT(error_of(spoiled("\"schema\": 1", "\"schema\": 2")), HasSubstr("/schema: must be 1"));
  // Names and ids become parts of files' names.
  EXPECT_THAT(error_of(spoiled("\"kernel\": \"old\"", "\"kernel\": \"../../etc\"")),
              HasSubstr("/jobs/0/kernel"));
  EXPECT_THAT(error_of(spoiled("0a0b0c0d-0000-5000-8000-000000000002", "../../etc/passwd")),
              HasSubstr("/jobs/1/id"));
  EXPECT_THAT(error_of(spoiled("000000000002", "000000000001")), HasSubstr("/jobs/1/id"));
  EXPECT_THAT(error_of(spoiled("\"file\": \"jobs/new", "\"file\": \"../new")),
              HasSubstr("/jobs/1/file"));
  EXPECT_THAT(error_of(spoiled("\"file\": \"jobs/new", "\"file\": \"/new")),
              HasSubstr("/jobs/1/file"));
  EXPECT_THAT(error_of(spoiled("\"ended\"", "\"well\"")), HasSubstr("/jobs/0/outcome"));
  EXPECT_THAT(error_of(spoiled("\"boot\": 2", "\"boot\": 0")), HasSubstr("/jobs/1/boot"));
  EXPECT_THAT(error_of("{"), HasSubstr("line 1"));
  EXPECT_THAT(error_of(""), HasSubstr("empty"));
}

TEST(FleetPlan, WhatIsKnownOfTheSameJobsIsTakenOver) {
  const Plan before = sample();
  Plan now = sample();
  now.server.clear();
  for (PlannedJob& job : now.jobs) {
    job.submissions.clear();
    job.outcome = Outcome::Planned;
    job.why.clear();
  }
  now.jobs[1].id = "0a0b0c0d-0000-5000-8000-000000000003";  // another job
  take_over(now, before);
  EXPECT_EQ(now.server, "https://lab/");
  EXPECT_EQ(now.jobs[0].outcome, Outcome::Ended);
  EXPECT_EQ(now.jobs[0].submissions.size(), 2U);
  EXPECT_EQ(now.jobs[1].outcome, Outcome::Planned);
}

TEST(FleetPlan, OtherJobsAreKeptWhereSomeAreAdded) {
  const Plan before = sample();
  Plan now = sample();
  now.base.clear();
  now.jobs.erase(now.jobs.begin());
  now.jobs[0].why = "of now";
  add_others(now, before);
  EXPECT_EQ(now.base, "old");
  ASSERT_EQ(now.jobs.size(), 2U);
  EXPECT_EQ(now.jobs[0].why, "of now");
  EXPECT_EQ(now.jobs[1].kernel, "old");
}

}  // namespace
}  // namespace nsbench::fleet
