#include "reports/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace nsbench {
namespace {

TEST(ErrnoName, IsTheKernelsOwnAndReadsBack) {
  EXPECT_EQ(errno_name(EPERM), "EPERM");
  EXPECT_EQ(errno_value("EPERM"), EPERM);
  EXPECT_EQ(errno_value("EHWPOISON"), EHWPOISON);
  EXPECT_EQ(errno_name(4000), "errno 4000");
  EXPECT_EQ(errno_value("ENONSENSE"), 0);
  EXPECT_EQ(errno_value(""), 0);
}

TEST(Error, NamesTheStepAndTheErrno) {
  EXPECT_EQ((Error{"unshare(CLONE_NEWNET)", EPERM}.str()), "unshare(CLONE_NEWNET): EPERM");
  EXPECT_EQ((Error{"the child sent nothing", 0}.str()), "the child sent nothing");
  errno = ENOSPC;
  EXPECT_EQ(Error::last("clone").str(), "clone: ENOSPC");
}

TEST(Result, IsAValueOrAnError) {
  const Result<int> value = 7;
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 7);
  const Result<int> error = Error{"no", 0};
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().str(), "no");
  EXPECT_TRUE(Status().ok());
  EXPECT_FALSE(Status(Error{"no", 0}).ok());
}

}  // namespace
}  // namespace nsbench
