// A short session over every case there is, with real namespaces. No time is judged.
#include "bench/session.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

namespace nsbench {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

bool is_skipped(const Series& series) { return series.skip.has_value(); }

// Cases of one privilege whose ids hold `part`.
std::vector<BenchCase> cases_with(std::string_view part) {
  std::vector<BenchCase> cases = all_bench_cases();
  std::erase_if(cases, [part](const BenchCase& bench_case) {
    return bench_case.id().str().find(part) == std::string::npos;
  });
  return cases;
}

class Session : public testing::Test {
 protected:
  std::vector<Series> run(std::span<const BenchCase> cases, const OnSessionEvent& on_event = {}) {
    SessionOptions options;
    options.seconds_per_case = 0.02;
    return run_session(cases, options, support_, warnings_, on_event);
  }

  [[nodiscard]] bool warned(std::string_view code) const {
    return std::any_of(warnings_.begin(), warnings_.end(),
                       [code](const Warning& warning) { return warning.code == code; });
  }

  // For tests that need a case that runs.
  std::vector<BenchCase> runnable_cases(std::string_view part) {
    for (const Privilege privilege : all_privileges) {
      std::vector<BenchCase> cases = cases_with(part);
      std::erase_if(cases, [&](const BenchCase& c) { return c.privilege != privilege; });
      const std::vector<Series> series = run(std::span(cases).first(1));
      if (!is_skipped(series.front())) return cases;
    }
    return {};
  }

  Support support_ = Support::look();
  std::vector<Warning> warnings_;
};

void expect_consistent(const Series& series) {
  EXPECT_EQ(series.failures, 0U) << series.error;
  EXPECT_EQ(series.error, "");
  EXPECT_TRUE(series.is_result());
  EXPECT_GE(series.batches.size(), 4U);
  EXPECT_EQ(series.warmup_batches, 1U);
  EXPECT_GT(series.calls, 0U);
  EXPECT_LE(series.min, series.mean);
  EXPECT_LE(series.mean, series.max);
  std::uint64_t calls = 0;
  for (const Batch& batch : series.batches) {
    calls += batch.calls;
    EXPECT_GT(batch.seconds, 0);
    EXPECT_GE(batch.drain, 0);
  }
  EXPECT_EQ(calls, series.calls);
  for (const double ns : series.samples) {
    EXPECT_GE(ns, series.min);
    EXPECT_LE(ns, series.max);
  }
}

TEST_F(Session, MeasuresEveryOperationInTheOrderGiven) {
  if (!support_.proc) GTEST_SKIP() << "no /proc: id maps can't be written";
  // Each with one of the privileges, in turn: it takes long enough.
  std::vector<BenchCase> cases;
  int turn = 0;
  for (const BenchCase& c : all_bench_cases()) {
    if (c.tier() == Tier::Curve) continue;
    const bool root = turn++ / 2 % 2 == 0;
    if ((c.privilege == Privilege::Root) == root) cases.push_back(c);
  }
  std::reverse(cases.begin(), cases.end());
  const std::vector<Series> all = run(cases);
  ASSERT_EQ(all.size(), cases.size());
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(cases[i].id().str());
    EXPECT_EQ(all[i].id, cases[i].id());
    EXPECT_EQ(all[i].namespaces, cases[i].workload->namespaces.names());
    if (is_skipped(all[i])) {
      ++skipped;
      EXPECT_NE(all[i].error, "");
      continue;
    }
    expect_consistent(all[i]);
    EXPECT_TRUE(all[i].drained || warned("backlog_unknown"));
  }
  if (skipped == all.size()) GTEST_SKIP() << all.front().error;
}

// The values that a machine has room for in any case.
TEST_F(Session, MeasuresTheFirstPointsOfEveryCurve) {
  if (!support_.proc) GTEST_SKIP() << "no /proc: id maps can't be written";
  std::vector<BenchCase> cases = all_bench_cases();
  std::erase_if(
      cases, [](const BenchCase& c) { return c.workload->curve.values.empty() || *c.value > 10; });
  ASSERT_FALSE(cases.empty());
  for (const Series& series : run(cases)) {
    if (!is_skipped(series)) expect_consistent(series);
  }
}

TEST_F(Session, StopsAtOnceAndKeepsWhatItHas) {
  const std::vector<BenchCase> cases = runnable_cases("create/uts:");
  if (cases.empty()) GTEST_SKIP() << "no namespace can be made here";
  std::size_t events = 0;
  const std::vector<Series> all = run(cases, [&events](const SessionEvent& event) {
    ++events;
    return event.batches_done < 3 * event.cases;
  });
  EXPECT_GT(events, 1U);
  ASSERT_EQ(all.size(), cases.size());
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const Series& s) { return s.calls > 0; }));
  for (const Series& series : all) {
    EXPECT_LT(series.batches.size(), 4U) << series.id.str();
    EXPECT_EQ(series.error, series.calls > 0 || is_skipped(series) ? "" : "the run was stopped");
  }
}

TEST_F(Session, TellsWhereItStands) {
  const std::vector<BenchCase> cases = runnable_cases("join/none");
  if (cases.empty()) GTEST_SKIP() << "no namespace can be joined here";
  std::vector<SessionEvent> events;
  run(cases, [&events](const SessionEvent& event) {
    events.push_back(event);
    return true;
  });
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events.front().running, nullptr);
  EXPECT_EQ(events.back().running, nullptr);
  EXPECT_EQ(events.back().batches_done, events.back().batches_total);
  for (const SessionEvent& event : events) {
    EXPECT_EQ(event.cases, cases.size());
    EXPECT_TRUE(event.running == nullptr || event.running == &cases[event.case_index]);
  }
}

TEST_F(Session, SkipsWhatTheEnvironmentLacks) {
  support_.sys_admin = false;
  support_.present = NamespaceSet::all() - NamespaceSet{Kind::Time};
  support_.proc = true;
  const std::vector<Series> root = run(cases_with("create/uts:unshare:root"));
  ASSERT_EQ(root.size(), 1U);
  EXPECT_EQ(root[0].skip, SkipReason::NoPrivilege);
  const std::vector<Series> time = run(cases_with("create/time:unshare:userns"));
  ASSERT_EQ(time.size(), 1U);
  EXPECT_EQ(time[0].skip, SkipReason::NoNamespace);
  support_.release = {5, 4};
  const std::vector<Series> pidfd = run(cases_with("join/uts:setns.pidfd:userns"));
  ASSERT_EQ(pidfd.size(), 1U);
  EXPECT_EQ(pidfd[0].skip, SkipReason::KernelTooOld);
}

TEST_F(Session, SaysSoWhenItsWorkerEndsEarly) {
  const std::vector<BenchCase> cases = runnable_cases("join/none");
  if (cases.empty()) GTEST_SKIP() << "no namespace can be joined here";
  SessionOptions options;
  options.benchmark_flags = {"--benchmark_format=nonsense"};  // Google Benchmark gives up on it
  const std::vector<Series> all = run_session(cases, options, support_, warnings_);
  for (const Series& series : all) {
    EXPECT_FALSE(series.is_result());
    EXPECT_THAT(series.error, HasSubstr("the arena's first process exited with 64"));
  }
}

TEST_F(Session, OfNothingIsEmpty) { EXPECT_THAT(run({}), IsEmpty()); }

}  // namespace
}  // namespace nsbench

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
