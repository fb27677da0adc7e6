// nsbench doctor in situations that a person may be in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/testing/call_filter.h"
#include "suites/doctor/examination.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::Finished;

bool unshare_works() { return testing::run_program({"unshare", "-Ur", "true"}).exit_code == 0; }

nlohmann::json findings_of(const Finished& run) {
  EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 3) << run.err;
  const auto json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << run.out;
  return json.is_discarded() ? nlohmann::json::array() : json["findings"];
}

nlohmann::json finding(const nlohmann::json& findings, std::string_view id) {
  for (const auto& one : findings) {
    if (one["id"] == id) return one;
  }
  ADD_FAILURE() << "no finding " << id << " in " << findings.dump(1);
  return {{"lift", ""}, {"cases", 0}, {"evidence", ""}};
}

TEST(Doctor, CountsWhatItExplains) {
  const Finished run = testing::run_program({NSBENCH_PROGRAM, "doctor", "--json"});
  const auto json = nlohmann::json::parse(run.out, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << run.out << run.err;
  int explained = 0;
  for (const auto& one : json["findings"]) explained += one["cases"].get<int>();
  EXPECT_EQ(explained, json["lost"]);
  EXPECT_GT(json["cases"], 0);
}

TEST(Doctor, FindsTheSysctl) {
  if (!unshare_works()) GTEST_SKIP() << "unshare -Ur does not work here";
  const Finished run = testing::run_program(
      {"unshare", "-Ur", "sh", "-c",
       "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$0\" doctor --json", NSBENCH_PROGRAM});
  const auto off = finding(findings_of(run), "userns-sysctl");
  EXPECT_EQ(off["lift"], "sysctl -w user.max_user_namespaces=15000");
  EXPECT_GT(off["cases"], 0);
}

// What it names does lift it.
TEST(Doctor, NamesACommandThatWorks) {
  if (!unshare_works()) GTEST_SKIP() << "unshare -Ur does not work here";
  const Finished run = testing::run_program(
      {"unshare", "-Ur", "sh", "-c",
       "echo 0 >/proc/sys/user/max_uts_namespaces && \"$0\" doctor | grep uts.*switched.off && "
       "echo 15000 >/proc/sys/user/max_uts_namespaces && \"$0\" doctor",
       NSBENCH_PROGRAM});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const std::size_t first = run.out.find("uts namespaces are switched off");
  ASSERT_NE(first, std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("uts namespaces are switched off", first + 1), std::string::npos);
}

TEST(Doctor, TellsTheUnprivilegedWhatRootWouldAdd) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const Finished run =
      testing::run_program({"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups",
                            "--bounding-set=-all", NSBENCH_PROGRAM, "doctor", "--json"});
  const auto root = finding(findings_of(run), "not-root");
  EXPECT_GT(root["cases"], 0);
}

TEST(Doctor, FindsTheSeccompFilter) {
  const Finished plain = testing::run_program({NSBENCH_PROGRAM, "doctor", "--json"});
  if (plain.exit_code != 0) GTEST_SKIP() << "nothing works here without a filter either";
  Result<Child> child = Child::fork([] {
    if (!testing::refuse(Method::Unshare, EPERM)) return 2;
    const doctor::Diagnosis diagnosis = doctor::diagnose(doctor::examine());
    for (const doctor::Finding& one : diagnosis.findings) {
      if (one.id != "seccomp") continue;
      const bool named = one.evidence.find("unshare(CLONE_NEWUTS") != std::string::npos ||
                         one.evidence.find("unshare(CLONE_NEWUSER") != std::string::npos;
      return one.cases > 0 && named ? 0 : 3;
    }
    return 4;
  });
  ASSERT_TRUE(child);
  const Result<ExitStatus> ended = child->wait(Deadline::in(std::chrono::seconds(60)));
  ASSERT_TRUE(ended) << ended.error().str();
  EXPECT_EQ(ended->code, 0);
}

TEST(Doctor, UsageErrorsExit2) {
  EXPECT_EQ(testing::run_program({NSBENCH_PROGRAM, "doctor", "--treat"}).exit_code, 2);
  EXPECT_EQ(testing::run_program({NSBENCH_PROGRAM, "doctor", "--json=/no/such/dir/d"}).exit_code,
            2);
}

}  // namespace
}  // namespace nsbench
