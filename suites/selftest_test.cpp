// nsbench selftest as a user runs it: lies are noticed, and none of them reaches the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "suites/testing/host_state.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

testing::Finished selftest(std::vector<std::string> arguments) {
  std::vector<std::string> command{NSBENCH_PROGRAM, "selftest"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return testing::run_program(command);
}

// Why lies can't be told here; empty: they can.
std::string obstacle() {
  const testing::Finished one = selftest({"--filter", "^unshare_ignores_newuts$"});
  return one.exit_code == 0 ? "" : one.err + one.out;
}

class Selftest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string why = obstacle();
    if (why.find("ptrace(") != std::string::npos || why.find("tracing is") != std::string::npos ||
        why.find("left out") != std::string::npos) {
      GTEST_SKIP() << why;
    }
  }
};

TEST_F(Selftest, AnIgnoredFlagIsNoticed) {
  const testing::Finished one = selftest({"--filter", "^(clone3|unshare)_ignores_newuts$"});
  EXPECT_EQ(one.exit_code, 0) << one.out << one.err;
  EXPECT_THAT(one.out, HasSubstr("2 of 2 lies were noticed"));
}

// The calls that make arenas are told that the kernel ignores a flag: nothing of a check may then
// be done, since it would be done to the host.
TEST_F(Selftest, AnArenaThatIsNoneTouchesNothing) {
  const testing::HostState before = testing::look_at_host();
  const testing::Finished one = selftest({"--filter", "^arena_", "--json"});
  EXPECT_EQ(testing::lasting_differences(before), "");
  ASSERT_EQ(one.exit_code, 0) << one.out << one.err;
  const nlohmann::json report = nlohmann::json::parse(one.out);
  EXPECT_EQ(report["lies"].size(), 8U);
  for (const auto& lie : report["lies"]) EXPECT_EQ(lie["outcome"], "noticed") << lie;
}

TEST(SelftestCommand, RefusesWhatNamesNoLie) {
  EXPECT_EQ(selftest({"--filter", "^no_such_lie$"}).exit_code, 2);
  EXPECT_EQ(selftest({"--filter", "("}).exit_code, 2);
}

TEST(SelftestCommand, ListsLies) {
  const testing::Finished list = selftest({"--list", "--filter", "^setns_does_nothing$"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, StartsWith("setns_does_nothing\n  setns() succeeds and does nothing\n"));
}

}  // namespace
}  // namespace nsbench
