#include "suites/fleet/lava.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "suites/fleet/testing/fake_lava.h"

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;

class LavaTest : public ::testing::Test {
 protected:
  // A job of that name, whatever else.
  std::int64_t given(const std::string& name) {
    const Result<std::int64_t> number = lava.submit("job_name: \"" + name + "\"\n");
    EXPECT_TRUE(number);
    return number ? *number : 0;
  }

  testing::FakeLava server;
  std::vector<double> pauses;
  Lava lava{server, [this](double seconds) {
              pauses.push_back(seconds);
              return true;
            }};
};

TEST_F(LavaTest, JobsAreFoundByTheirNamesOverSeveralPages) {
  server.most_in_a_page = 3;
  std::vector<std::string> names;
  for (int i = 0; i < 45; ++i) {
    names.push_back(fmt::format("nsbench k boot {} on qemu", i));
    given(names.back());
    if (i % 2 == 0) given(names.back());
    given("somebody else's");
  }
  const Result<std::vector<LavaJob>> jobs = lava.jobs_named(names);
  ASSERT_TRUE(jobs) << jobs.error().str();
  EXPECT_EQ(jobs->size(), 45U + 23U) << ::testing::PrintToString(server.asked);
  for (std::size_t i = 1; i < jobs->size(); ++i) {
    EXPECT_LT((*jobs)[i - 1].number, (*jobs)[i].number);
  }
  EXPECT_EQ(lava.jobs_named({})->size(), 0U);
}

class ForgetsFilters : public Http {
 public:
  explicit ForgetsFilters(Http& behind) : behind_(behind) {}
  Result<Response> send(const Request& request) override {
    Request other = request;
    other.path = other.path.substr(0, other.path.find('?'));
    return behind_.send(other);
  }

 private:
  Http& behind_;
};

TEST_F(LavaTest, AServerThatDoesNotKnowTheFilterIsNoticed) {
  given("ours");
  given("theirs");
  ForgetsFilters forgets(server);
  Lava other(forgets, [](double) { return true; });
  const Result<std::vector<LavaJob>> jobs = other.jobs_named({"ours"});
  ASSERT_FALSE(jobs);
  EXPECT_THAT(jobs.error().str(), HasSubstr("not asked for: \"theirs\""));
}

TEST_F(LavaTest, ABusyServerIsAskedAgainButNothingIsSubmittedTwice) {
  server.busy = 2;
  EXPECT_TRUE(lava.log(1));
  EXPECT_EQ(pauses.size(), 2U);
  server.busy = 10;
  const Result<std::string> never = lava.log(1);
  ASSERT_FALSE(never);
  EXPECT_THAT(never.error().str(), HasSubstr("503 (a page of HTML)"));
  server.busy = 1;
  EXPECT_FALSE(lava.submit("job_name: \"a\"\n"));
  EXPECT_TRUE(server.jobs.empty());
}

TEST_F(LavaTest, ARefusalSaysWhatTheServerSaid) {
  server.refuse = 1;
  const Result<std::int64_t> number = lava.submit("job_name: \"a\"\n");
  ASSERT_FALSE(number);
  EXPECT_THAT(number.error().str(),
              HasSubstr("answered 400 (Problem with submitted job data: no)"));
  EXPECT_FALSE(lava.cancel(7));
  EXPECT_EQ(*lava.log(7), "");  // as of a job that has none yet
}

TEST_F(LavaTest, WorkersAndResults) {
  EXPECT_EQ(*lava.has_worker("qemu-1"), std::optional<bool>(true));
  server.devices["qemu-1"] = false;
  EXPECT_EQ(*lava.has_worker("qemu-1"), std::optional<bool>(false));
  EXPECT_FALSE(lava.has_worker("nobody"));
  server.job(given("a")).stored = 91;
  EXPECT_EQ(*lava.results_of(1), 91);
}

// What comes in place of LAVA's answers.
class Says : public Http {
 public:
  explicit Says(std::string body, long status = 200) : response_{status, std::move(body)} {}
  Result<Response> send(const Request& /*request*/) override { return response_; }

 private:
  Response response_;
};

TEST(LavaAnswers, ThatAreNoneAreErrors) {
  for (const char* body :
       {"", "[]", "{}", "null", "{\"results\": 1}", "{\"results\": [1]}", "<html></html>",
        R"({"results": [{"id": "x", "state": "Running", "health": "Unknown"}]})",
        R"({"results": [{"id": 99999999999999999999, "state": "a", "health": "b"}]})"}) {
    Says http(body);
    Lava lava(http, [](double) { return true; });
    EXPECT_FALSE(lava.version()) << body;
    EXPECT_FALSE(lava.jobs_named({"a"})) << body;
    EXPECT_FALSE(lava.submit("a")) << body;
    EXPECT_FALSE(lava.has_worker("a")) << body;
    EXPECT_FALSE(lava.results_of(1)) << body;
  }
  Says two(R"({"job_ids": [1, 2]})", 201);
  Lava lava(two, [](double) { return true; });
  EXPECT_FALSE(lava.submit("a"));
  Says endless(R"({"results": [{"id": 1, "description": "a", "state": "Running",
      "health": "Unknown"}], "next": "http://again/"})");
  Lava asks(endless, [](double) { return true; });
  const Result<std::vector<LavaJob>> jobs = asks.jobs_named({"a"});
  ASSERT_FALSE(jobs);
  EXPECT_THAT(jobs.error().str(), HasSubstr("has no end"));
}

}  // namespace
}  // namespace nsbench::fleet
