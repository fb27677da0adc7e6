// Under ThreadSanitizer: the probes that start threads, each by all its ways, and with them the
// files that their threads run. What a check forks is replaced by nothing: a race anywhere ends
// that process with a status of its own, and the check is Broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <string>

#include "probes/check.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/support.h"

extern "C" const char* __tsan_default_options();  // NOLINT(bugprone-reserved-identifier)
// At a report the process is at its end, whatever it would have said.
extern "C" const char* __tsan_default_options() {
  return "halt_on_error=1:exitcode=66:report_signal_unsafe=0";
}

namespace nsbench {
namespace {

class Threads : public ::testing::TestWithParam<const char*> {};

TEST_P(Threads, OfAProbeDoNotRace) {
  const Probe* const probe = find_probe(GetParam());
  ASSERT_NE(probe, nullptr);
  const Support support = Support::look();
  int played = 0;
  for (const Privilege privilege : probe->privileges) {
    for (const Way& way : probe->ways) {
      const CheckCase what{probe, way, privilege};
      if (!what.recipe().exists()) continue;
      const CaseResult result = check(what, support);
      EXPECT_THAT(id(result.verdict), ::testing::AnyOf("pass", "skip"))
          << result.id.str() << ": expected " << result.expected << "\nobserved "
          << result.observed;
      if (result.verdict == VerdictKind::Pass) ++played;
    }
  }
  if (played == 0) GTEST_SKIP() << "none of its cases can be played here";
}

INSTANTIATE_TEST_SUITE_P(All, Threads,
                         ::testing::Values("calls/sharing", "calls/thread_own", "pid/unshare_once",
                                           "pid/no_foreign_thread", "time/threads",
                                           "user/newuser_with_threads"));

int shared = 0;

void* count(void* /*unused*/) {
  ++shared;
  return nullptr;
}

// Without it, a build without ThreadSanitizer would pass as well.
TEST(ThreadSanitizer, ARaceIsSeen) {
  const Result<Child> racing = Child::fork([] {
    pthread_t other{};
    if (::pthread_create(&other, nullptr, count, nullptr) != 0) return 1;
    ++shared;
    ::pthread_join(other, nullptr);
    return 0;
  });
  ASSERT_TRUE(racing) << racing.error().str();
  EXPECT_EQ(const_cast<Child&>(*racing).wait()->code, 66);
}

}  // namespace
}  // namespace nsbench
