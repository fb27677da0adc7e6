#include "reports/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "nsbench-file-test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator(directory_), fs::directory_iterator());
  }
  static mode_t mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode;
  }

 private:
  fs::path directory_;
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string text = std::string(300'000, 'x') + std::string("\0\n", 2);
  ASSERT_TRUE(write_file(path("a"), text).ok());
  EXPECT_EQ(*read_file(path("a")), text);
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ANewFileHasTheModeThatTheUmaskGives) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(write_file(path("a"), "x").ok());
  ::umask(before);
  EXPECT_EQ(mode(path("a")) & 07777U, 0640U);
}

TEST_F(FileTest, AReaderOfTheOldFileKeepsItWhole) {
  ASSERT_TRUE(write_file(path("a"), "old").ok());
  ASSERT_EQ(::chmod(path("a").c_str(), 0600), 0);
  const int old = ::open(path("a").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(write_file(path("a"), "new and longer").ok());
  char seen[16] = {};
  EXPECT_EQ(::read(old, seen, sizeof seen), 3);
  ::close(old);
  EXPECT_STREQ(seen, "old");
  EXPECT_EQ(*read_file(path("a")), "new and longer");
  EXPECT_EQ(mode(path("a")) & 07777U, 0600U);
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ASymbolicLinkStaysOne) {
  ASSERT_TRUE(write_file(path("a"), "old").ok());
  fs::create_symlink("a", path("link"));
  ASSERT_TRUE(write_file(path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(*read_file(path("a")), "new");
}

TEST_F(FileTest, ADeviceIsWrittenAndNeverReplaced) {
  ASSERT_TRUE(write_file("/dev/null", "gone").ok());
  EXPECT_TRUE(S_ISCHR(mode("/dev/null")));
  // A link to a device is no reason to replace the device either.
  fs::create_symlink("/dev/null", path("null"));
  ASSERT_TRUE(write_file(path("null"), "gone").ok());
  EXPECT_TRUE(S_ISCHR(mode(path("null"))));
}

TEST_F(FileTest, AFifoIsWrittenAndNeverReplaced) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const int reader = ::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(write_file(path("fifo"), "through").ok());
  char seen[16] = {};
  EXPECT_EQ(::read(reader, seen, sizeof seen), 7);
  ::close(reader);
  EXPECT_STREQ(seen, "through");
  EXPECT_TRUE(S_ISFIFO(mode(path("fifo"))));
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ErrorsNameTheStepThePathAndTheErrno) {
  const Status missing = write_file(path("no/such/report.json"), "x");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().str(), HasSubstr(path("no/such/report.json")));
  EXPECT_EQ(missing.error().err, ENOENT);
  ASSERT_TRUE(write_file(path("a"), "x").ok());
  EXPECT_EQ(write_file(path("a/b"), "x").error().err, ENOTDIR);
  EXPECT_EQ(write_file(path(""), "x").error().err, EISDIR);
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ADirectoryThatMayNotBeWrittenIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_EQ(::mkdir(path("locked").c_str(), 0500), 0);
  const Status status = write_file(path("locked/report.json"), "x");
  EXPECT_EQ(status.error().err, EACCES);
  EXPECT_THAT(status.error().str(), HasSubstr("locked/report.json"));
}

TEST_F(FileTest, AFailedWriteKeepsTheOldFileAndLeavesNoTemporary) {
  ASSERT_TRUE(write_file(path("a"), "old").ok());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small { 4096, before.rlim_max };
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = write_file(path("a"), std::string(10'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.error().err, EFBIG);
  EXPECT_EQ(*read_file(path("a")), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ReadingIsBounded) {
  ASSERT_TRUE(write_file(path("a"), "12345").ok());
  EXPECT_TRUE(read_file(path("a"), 5).ok());
  const Result<std::string> more = read_file(path("a"), 4);
  ASSERT_FALSE(more.ok());
  EXPECT_THAT(more.error().str(), HasSubstr("is larger than 4 bytes"));
  EXPECT_THAT(read_file("/dev/zero", 1000).error().str(), HasSubstr("/dev/zero"));
}

TEST_F(FileTest, APipeIsReadToItsEnd) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(read_file(path("fifo")).error().str(), HasSubstr("that nobody writes to"));
  // What was written is kept as long as the pipe has a reader.
  const int reader = ::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int holds_it_open = ::open(path("fifo").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(holds_it_open, 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(::write(holds_it_open, "report", 6), 6);
    ::close(holds_it_open);
  });
  EXPECT_EQ(*read_file(path("fifo")), "report");
  writer.join();
  ::close(reader);
}

TEST_F(FileTest, ReadingWhatIsNotThereIsNamed) {
  EXPECT_EQ(read_file(path("none")).error().str(), "open('" + path("none") + "'): ENOENT");
  EXPECT_THAT(read_file(path("")).error().str(), HasSubstr("is a directory"));
}

}  // namespace
}  // namespace nsbench
