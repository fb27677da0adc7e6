#include "reports/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// What `body` answers in a process of its own, whose limits and filters end with it; -N: signal N.
int in_a_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return 1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// From now on `call` is answered with `err` where its argument number `argument` has one of `bits`.
bool refuse(int call, unsigned argument, unsigned bits, int err) {
  const auto word = static_cast<unsigned>(offsetof(seccomp_data, args) + std::size_t{argument} * 8);
  std::array<sock_filter, 6> program{
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, static_cast<unsigned>(call)},
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, word},
      sock_filter{BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(err)},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog filter{program.size(), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// As on a file system that has no files without a name, and where there is no /proc to name one by.
bool refuse_unnamed_files() { return refuse(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP); }
bool refuse_to_name_one() {
  return refuse(SYS_linkat, 4, AT_EMPTY_PATH | AT_SYMLINK_FOLLOW, ENOENT);
}

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

TEST_F(FileTest, ANewFileIsNeverForOthersToWrite) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(write_file(path("a"), "x").ok());
  ASSERT_TRUE(append_file(path("b"), "x").ok());
  ::umask(before);
  EXPECT_EQ(mode(path("a")) & 07777U, 0644U);
  EXPECT_EQ(mode(path("b")) & 07777U, 0644U);
}

TEST_F(FileTest, SetUserIdBitsAreNotPassedOn) {
  ASSERT_TRUE(write_file(path("a"), "a program").ok());
  ASSERT_EQ(::chmod(path("a").c_str(), 06755), 0);
  ASSERT_TRUE(write_file(path("a"), "something else").ok());
  EXPECT_EQ(mode(path("a")) & 07777U, 0755U);
}

TEST_F(FileTest, AnotherNameOfTheOldFileKeepsTheOldContent) {
  ASSERT_TRUE(write_file(path("a"), "old").ok());
  fs::create_hard_link(path("a"), path("b"));
  ASSERT_TRUE(write_file(path("a"), "new").ok());
  EXPECT_EQ(*read_file(path("a")), "new");
  EXPECT_EQ(*read_file(path("b")), "old");
}

TEST_F(FileTest, RootAppendsToNoFileWithASecondName) {
  ASSERT_TRUE(append_file(path("a"), "1").ok());
  fs::create_hard_link(path("a"), path("b"));
  const Status status = append_file(path("a"), "2");
  EXPECT_EQ(status.ok(), ::geteuid() != 0);
  EXPECT_EQ(*read_file(path("b")), ::geteuid() == 0 ? "1" : "12");
  fs::remove(path("b"));
  ASSERT_TRUE(append_file(path("a"), "3").ok());
  EXPECT_EQ(*read_file(path("a")), ::geteuid() == 0 ? "13" : "123");
}

// Each way of writing, of a new file and of one that is there.
TEST_F(FileTest, EveryWayWritesTheSame) {
  const std::array<std::function<bool()>, 3> ways{[] { return true; }, refuse_unnamed_files,
                                                  refuse_to_name_one};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::string file = path("file" + std::to_string(i));
    EXPECT_EQ(in_a_child([&] {
                if (!ways.at(i)()) return 2;
                return write_file(file, "old").ok() && write_file(file, "new").ok() ? 0 : 1;
              }),
              0)
        << i;
    EXPECT_EQ(*read_file(file), "new") << i;
    EXPECT_EQ(mode(file) & 0777U, mode(path("file0")) & 0777U) << i;
    EXPECT_EQ(files(), static_cast<std::ptrdiff_t>(i) + 1);
  }
}

// SIGXFSZ comes in the middle of the writing, at the same place each time.
TEST_F(FileTest, AProcessKilledWhileItWritesLeavesTheOldFileAlone) {
  ASSERT_TRUE(write_file(path("a"), "old").ok());
  for (const bool unnamed : {true, false}) {
    EXPECT_EQ(in_a_child([&] {
                const rlimit none{0, 0};
                const rlimit small{4096, 4096};
                if (::setrlimit(RLIMIT_CORE, &none) != 0) return 2;
                if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 2;
                if (!unnamed && !refuse_unnamed_files()) return 2;
                return write_file(path("a"), std::string(10'000, 'x')).ok() ? 0 : 1;
              }),
              -SIGXFSZ)
        << unnamed;
    EXPECT_EQ(*read_file(path("a")), "old");
    EXPECT_EQ(files(), 1);
  }
}

TEST_F(FileTest, AnOpenFileWithoutAPathIsWritten) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const std::string name = "/proc/self/fd/" + std::to_string(ends[1]);
  ASSERT_TRUE(write_file(name, "through").ok());
  ASSERT_TRUE(append_file(name, " and on").ok());
  char seen[32] = {};
  EXPECT_EQ(::read(ends[0], seen, sizeof seen), 14);
  EXPECT_STREQ(seen, "through and on");
  ::close(ends[0]);
  ::close(ends[1]);
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
