#include "ci/kernel/cpio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "suites/testing/in_directory.h"

namespace nsbench::kernel {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using CpioFile = nsbench::testing::InDirectory;

std::string sample() {
  CpioWriter cpio;
  EXPECT_TRUE(cpio.directory("/dev", 0755).ok());
  EXPECT_TRUE(cpio.character_device("/dev/console", 0600, 5, 1).ok());
  EXPECT_TRUE(cpio.directory("tmp", 01777).ok());
  EXPECT_TRUE(cpio.file("/init", 0755, "12345").ok());
  EXPECT_TRUE(cpio.symlink("/sh", "init").ok());
  return std::move(cpio).finish();
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, decltype(&::pclose)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::string output(4096, '\0');
  output.resize(std::fread(output.data(), 1, output.size(), pipe.get()));
  return output;
}

TEST(Cpio, IsWrittenAsTheKernelReadsIt) {
  CpioWriter cpio;
  ASSERT_TRUE(cpio.file("/a", 0644, "hello").ok());
  EXPECT_EQ(std::move(cpio).finish(),
            // magic ino mode uid gid nlink mtime size
            "070701"
            "00000001"
            "000081A4"
            "00000000"
            "00000000"
            "00000001"
            "00000000"
            "00000005"
            // device, device, rdev, rdev, name's size, checksum
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "00000002"
            "00000000"
            "a\0hello\0\0\0"
            "070701"
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "00000001"
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "0000000B"
            "00000000"
            "TRAILER!!!\0\0\0\0"s);
}

TEST(Cpio, IsTheSameEveryTime) { EXPECT_EQ(sample(), sample()); }

TEST_F(CpioFile, IsReadByCpio) {
  if (std::system("command -v cpio > /dev/null") != 0) GTEST_SKIP() << "cpio is not installed";
  const std::string file = saved("a.cpio", sample());
  const std::string listed = output_of("TZ=UTC LC_ALL=C cpio -itv --quiet < " + file);
  EXPECT_THAT(listed, HasSubstr("drwxr-xr-x   2 root"));
  EXPECT_THAT(listed, ::testing::ContainsRegex("crw-------.* 5, *1 .*1970 dev/console"));
  EXPECT_THAT(listed, ::testing::ContainsRegex("drwxrwxrwt.* tmp"));
  EXPECT_THAT(listed, ::testing::ContainsRegex("-rwxr-xr-x.* 5 .* init"));
  EXPECT_THAT(listed, HasSubstr("sh -> init"));
  EXPECT_EQ(output_of("cpio -i --quiet --to-stdout init < " + file), "12345");
}

TEST(Cpio, RefusesPathsThatAreNotPlain) {
  CpioWriter cpio;
  for (const std::string& path : {""s, "/"s, "//a"s, "a/"s, "a//b"s, "../a"s, "a/../b"s, "./a"s,
                                  "a\0b"s, "TRAILER!!!"s, std::string(5000, 'a')}) {
    EXPECT_FALSE(cpio.file(path, 0644, "").ok()) << path;
  }
}

TEST(Cpio, NothingIsWrittenTwiceOrIntoNowhere) {
  CpioWriter cpio;
  EXPECT_EQ(cpio.file("/a/b", 0644, "").error().str(),
            "initramfs: '/a/b' lies in a directory that is not there");
  ASSERT_TRUE(cpio.directories_above("/a/b/c").ok());
  EXPECT_TRUE(cpio.directories_above("/a/b/d").ok());
  EXPECT_TRUE(cpio.file("/a/b/c", 0644, "").ok());
  EXPECT_EQ(cpio.file("a/b/c", 0644, "").error().str(), "initramfs: '/a/b/c' is written twice");
  EXPECT_FALSE(cpio.file("/a/b/c/d", 0644, "").ok());
  EXPECT_FALSE(cpio.symlink("/l", "").ok());
}

TEST(Cpio, RefusesMoreBytesThanEightDigitsTell) {
  CpioWriter cpio;
  // Refused before a byte of it is looked at.
  EXPECT_THAT(cpio.file("/a", 0644, {"", std::size_t{1} << 32U}).error().str(),
              HasSubstr("'/a' has 4294967296 bytes"));
}

}  // namespace
}  // namespace nsbench::kernel
