// Single batches on request, with real namespaces. No time is judged.
#include "bench/batch_server.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include "probes/sandbox/files.h"

namespace nsbench::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr double short_time = 0.01;

bool wait_for(int fd, Deadline deadline) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  static_cast<void>(::poll(&ready, 1, deadline.poll_ms()));
  return true;
}

class BatchServerTest : public ::testing::Test {
 protected:
  Series run(const BenchCase& bench_case) {
    Result<Series> series = server_.run(bench_case, short_time, wait_for);
    EXPECT_TRUE(series) << series.error().str();
    return series ? std::move(*series) : Series{};
  }

  // With a privilege that works here, if one does.
  std::optional<BenchCase> runnable(std::string_view start) {
    for (const BenchCase& one : all_bench_cases()) {
      if (one.id().str().starts_with(start) && run(one).is_result()) return one;
    }
    return std::nullopt;
  }

  Support support_ = Support::look();
  BatchServer server_{support_, 1};
};

// The children of this process: what a BatchServer has started.
std::string children() {
  const Result<std::string> text = read_small_file("/proc/thread-self/children");
  return text ? trimmed(*text) : "";
}

TEST_F(BatchServerTest, EachRequestIsOneBatch) {
  const std::optional<BenchCase> uts = runnable("create/uts:unshare:");
  if (!uts) GTEST_SKIP() << "nothing can be measured here";
  for (int i = 0; i < 3; ++i) {
    const Series series = run(*uts);
    EXPECT_EQ(series.id, uts->id());
    ASSERT_THAT(series.batches, SizeIs(1));
    EXPECT_EQ(series.batches[0].calls, series.calls);
    EXPECT_GE(series.calls, 8U);
    EXPECT_FALSE(series.samples.empty());
    EXPECT_EQ(series.warmup_batches, 0U);
  }
}

TEST_F(BatchServerTest, CasesOfAPrivilegeShareTheirWorker) {
  const std::optional<BenchCase> uts = runnable("create/uts:unshare:");
  if (!uts) GTEST_SKIP() << "nothing can be measured here";
  const std::string before = children();
  for (const BenchCase& one : all_bench_cases()) {
    if (one.privilege != uts->privilege || one.workload->name != "none") continue;
    EXPECT_TRUE(run(one).is_result()) << one.id().str();
  }
  EXPECT_EQ(children(), before);
  int one_cpu = 0;
  for (const Note& note : server_.take_notes()) one_cpu += note.code == "one-cpu" ? 1 : 0;
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) > 1) {
    EXPECT_EQ(one_cpu, 0);
  }
}

TEST_F(BatchServerTest, WhatIsMissingIsSaidAndNotTried) {
  Support without = support_;
  without.sys_admin = false;
  BatchServer server(without, 1);
  for (const BenchCase& one : all_bench_cases()) {
    if (one.privilege != Privilege::Root) continue;
    const Result<Series> series = server.run(one, short_time, wait_for);
    ASSERT_TRUE(series);
    EXPECT_TRUE(series->skip) << one.id().str();
    break;
  }
  EXPECT_EQ(children(), "");
}

TEST_F(BatchServerTest, AWorkerThatDiedIsReplaced) {
  const std::optional<BenchCase> uts = runnable("create/uts:unshare:");
  if (!uts) GTEST_SKIP() << "nothing can be measured here";
  ::kill(std::stoi(children()), SIGKILL);
  const Series lost = run(*uts);
  EXPECT_FALSE(lost.is_result());
  EXPECT_FALSE(lost.skip);
  EXPECT_THAT(lost.error, HasSubstr("killed by SIGKILL"));
  EXPECT_TRUE(run(*uts).is_result());
}

TEST_F(BatchServerTest, ABatchThatIsGivenUpTakesItsWorkerAlong) {
  const std::optional<BenchCase> uts = runnable("create/uts:unshare:");
  if (!uts) GTEST_SKIP() << "nothing can be measured here";
  const Result<Series> series = server_.run(*uts, 30, [](int, Deadline) { return false; });
  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().err, ECANCELED);
  EXPECT_EQ(children(), "");
  EXPECT_TRUE(run(*uts).is_result());
}

}  // namespace
}  // namespace nsbench::bench
