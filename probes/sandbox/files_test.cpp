#include "probes/sandbox/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace nsbench {
namespace {

using ::testing::StartsWith;

TEST(Trimmed, CutsWhiteSpaceAtTheEndOnly) {
  EXPECT_EQ(trimmed("host\n"), "host");
  EXPECT_EQ(trimmed(" a b \t\n\n"), " a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(FieldOf, FindsALineByItsWholeName) {
  constexpr const char* status = "Name:\tsh\nPid:\t12\nNSpid:\t12\t1\nEmpty:\nSpaces:  a b ";
  EXPECT_EQ(field_of(status, "Name"), "sh");
  EXPECT_EQ(field_of(status, "Pid"), "12");
  EXPECT_EQ(field_of(status, "NSpid"), "12\t1");
  EXPECT_EQ(field_of(status, "Spaces"), "a b ");
  EXPECT_EQ(field_of(status, "Empty"), "");
  EXPECT_EQ(field_of(status, "NS"), "");
  EXPECT_EQ(field_of(status, "id"), "");
  EXPECT_EQ(field_of("", "Name"), "");
  EXPECT_EQ(field_of("Name", "Name"), "");
}

TEST(Files, ErrorsNameTheCallTheFileAndTheErrno) {
  const Result<std::string> read = read_small_file("/proc/no-such-file");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().str(), "open(/proc/no-such-file): ENOENT");
  EXPECT_EQ(read_small_file("/proc/self").error().str(), "read(/proc/self): EISDIR");
  EXPECT_EQ(read_link("/proc/self/status").error().str(), "readlink(/proc/self/status): EINVAL");
  EXPECT_EQ(write_small_file("/proc/no-such-file", "1").error().err, ENOENT);
  const Status full = write_small_file("/dev/full", "1");
  EXPECT_EQ(full.error().str(), "write(/dev/full, \"1\"): ENOSPC");
}

TEST(Files, ReadsFilesThatTellNoSize) {
  const Result<std::string> status = read_small_file("/proc/self/status");
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(field_of(*status, "Pid"), std::to_string(::getpid()));
  EXPECT_THAT(*read_link("/proc/self/ns/uts"), StartsWith("uts:["));
}

TEST(Files, RefusesAFileThatIsNotSmall) {
  EXPECT_EQ(read_small_file("/dev/zero").error().str(), "read(/dev/zero): EFBIG");
}

}  // namespace
}  // namespace nsbench
