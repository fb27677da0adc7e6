#include "bench/timing.h"

#include <gtest/gtest.h>

#include <string>

#include "bench/recording.h"

namespace nsbench::bench {
namespace {

TEST(Timing, IsATimeOrAStepWithItsErrno) {
  const Timing timed = 641.5;
  ASSERT_TRUE(timed);
  EXPECT_EQ(*timed, 641.5);
  errno = ENOSPC;
  const Timing failed = Timing::failed("unshare(CLONE_NEWUTS)");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().str(), "unshare(CLONE_NEWUTS): ENOSPC");
}

TEST(Timing, KeepsAnErrorsTextWhenTheErrorIsGone) {
  const auto fail = [](const std::string& step) -> Timing { return Error{step, EPERM}; };
  EXPECT_EQ(fail("open(/proc/1/ns/net)").error().str(), "open(/proc/1/ns/net): EPERM");
  EXPECT_EQ(fail(std::string(1000, 'x')).error().step, std::string(159, 'x'));
}

TEST(SharedError, HoldsAsMuchAsItHasRoomFor) {
  SharedError shared;
  shared.set(Timing::failed("setns(fd, CLONE_NEWNET)", EBADF));
  ASSERT_TRUE(shared.is_set());
  EXPECT_EQ(shared.get().str(), "setns(fd, CLONE_NEWNET): EBADF");
  shared.set(Error{std::string(1000, 'y'), 0});
  EXPECT_EQ(shared.get().str(), std::string(159, 'y'));
  shared.clear();
  EXPECT_FALSE(shared.is_set());
}

}  // namespace
}  // namespace nsbench::bench
