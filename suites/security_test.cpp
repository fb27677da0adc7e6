// What SECURITY.md promises of privileges and of files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uid_t somebody = 65533;

std::uint64_t set_of(const std::string& status, const char* name) {
  const std::string text = field_of(status, name);
  return text.empty() ? ~std::uint64_t{0} : std::stoull(text, nullptr, 16);
}

std::string own_status() {
  const Result<std::string> status = read_small_file("/proc/self/status");
  return status ? *status : status.error().str();
}

// nsbench as it runs, its standard input a pipe that nothing comes out of.
class Running {
 public:
  explicit Running(const std::vector<std::string>& words) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[0], STDIN_FILENO);
      const int nothing = ::open("/dev/null", O_WRONLY);
      ::dup2(nothing, STDOUT_FILENO);
      ::dup2(nothing, STDERR_FILENO);
      std::vector<char*> argv{const_cast<char*>(NSBENCH_PROGRAM)};
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      ::execv(NSBENCH_PROGRAM, argv.data());
      ::_exit(127);
    }
    ::close(ends[0]);
    input_ = Fd(ends[1]);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] std::string status() const {
    const Result<std::string> text = read_small_file("/proc/" + std::to_string(pid_) + "/status");
    return text ? *text : "";
  }
  // Whether it comes to have none but these, in every set.
  [[nodiscard]] bool comes_to_have_only(CapabilitySet kept) const {
    return testing::soon([this, kept] {
      const std::string now = status();
      for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        if ((set_of(now, set) & ~kept.bits()) != 0) return false;
      }
      return true;
    });
  }

 private:
  pid_t pid_ = -1;
  Fd input_;
};

class Security : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "it is about root's privileges";
    report_ = path("report.json");
    const Finished made =
        nsbench({"--checks-only", "--filter", "^uts/hostname:clone:root", "--json=" + report_});
    ASSERT_EQ(made.exit_code, 0) << made.out << made.err;
  }
  static Finished nsbench(std::vector<std::string> words) {
    words.insert(words.begin(), NSBENCH_PROGRAM);
    return testing::run_program(words);
  }
  // A directory of somebody else's, with what they have planted.
  std::string theirs() const {
    ::chmod(directory_.c_str(), 0755);
    std::string directory = path("theirs");
    EXPECT_EQ(::mkdir(directory.c_str(), 0755), 0);
    EXPECT_EQ(::chown(directory.c_str(), somebody, somebody), 0);
    return directory;
  }
  static void plant(const std::string& link, const std::string& target) {
    EXPECT_EQ(::symlink(target.c_str(), link.c_str()), 0);
    EXPECT_EQ(::lchown(link.c_str(), somebody, somebody), 0);
  }
  static std::string content(const std::string& file) {
    const Result<std::string> text = read_file(file);
    return text ? *text : "";
  }
  std::string report_;
};

TEST_F(Security, ArenasHaveWhatChecksNeedAndNoMore) {
  for (const CapabilitySet kept : {arena_capabilities, CapabilitySet{CAP_SYS_ADMIN}}) {
    const ArenaSpec spec{.kinds = {Kind::Uts}, .privilege = Privilege::Root, .capabilities = kept};
    const std::string status = testing::in_arena(spec, own_status);
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
      EXPECT_EQ(set_of(status, set), set_of(own_status(), set) & kept.bits()) << set;
    }
  }
}

TEST_F(Security, TheUnprivilegedHalfHasNothingOfTheHosts) {
  const ArenaSpec spec{.kinds = {}, .privilege = Privilege::Userns, .user_inside = true};
  const std::string status = testing::in_arena(spec, own_status);
  const std::uint64_t to_map_root = CapabilitySet{CAP_SETFCAP}.bits();
  for (const char* set : {"CapPrm", "CapEff", "CapBnd", "CapInh"}) {
    EXPECT_EQ(set_of(status, set) & ~to_map_root, 0U) << set;
  }
  EXPECT_THAT(field_of(status, "Uid"), HasSubstr("65534"));
}

TEST_F(Security, ARunGivesUpWhatNoCheckNeeds) {
  const Running run(
      {"run", "--benchmarks-only", "--time", "20", "--filter", "^create/uts:unshare:"});
  EXPECT_TRUE(run.comes_to_have_only(harness_capabilities)) << run.status();
  EXPECT_NE(set_of(run.status(), "CapEff") & CapabilitySet{CAP_SYS_ADMIN}.bits(), 0U);
}

TEST_F(Security, WhatReadsFilesHasNoOtherRights) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"report", "/dev/stdin"},
        std::vector<std::string>{"compare", "/dev/stdin", report_},
        std::vector<std::string>{"history", "add", "--db", path("h.db"), "/dev/stdin"}}) {
    const Running reader(words);
    EXPECT_TRUE(reader.comes_to_have_only(file_capabilities)) << words.front() << reader.status();
    EXPECT_TRUE(testing::soon([&] { return field_of(reader.status(), "NoNewPrivs") == "1"; }));
  }
}

TEST_F(Security, AHistoryInAUsersDirectoryIsOpenedAsThatUser) {
  const std::string directory = theirs();
  const Finished added = nsbench({"history", "add", "--db", directory + "/lab.db", report_});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  struct stat info {};
  ASSERT_EQ(::stat((directory + "/lab.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, somebody);
  EXPECT_EQ(info.st_mode & 0777U & ~0644U, 0U);
}

TEST_F(Security, AHistoryIsNotOpenedThroughAPlantedLink) {
  const std::string directory = theirs();
  const std::string ours = saved("ours", "root's");
  plant(directory + "/lab.db", ours);
  EXPECT_EQ(nsbench({"history", "add", "--db", directory + "/lab.db", report_}).exit_code, 2);
  // A name that SQLite opens beside it.
  plant(directory + "/other.db-journal", ours);
  static_cast<void>(nsbench({"history", "add", "--db", directory + "/other.db", report_}));
  EXPECT_EQ(content(ours), "root's");
}

TEST_F(Security, AHistoryIsNotPutWhereEverybodyCanPlantAJournal) {
  const std::string shared = path("shared");
  ASSERT_EQ(::mkdir(shared.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(shared.c_str(), 01777), 0);
  const Finished added = nsbench({"history", "add", "--db", shared + "/lab.db", report_});
  EXPECT_EQ(added.exit_code, 2);
  EXPECT_THAT(added.err, HasSubstr("everybody can put files beside it"));
  EXPECT_TRUE(fs::is_empty(shared));
}

TEST_F(Security, NoOutputGoesThroughAPlantedLink) {
  const std::string directory = theirs();
  const std::string ours = saved("ours", "root's");
  const std::string link = directory + "/out";
  plant(link, ours);
  const std::vector<std::string> run{"run", "--time", "0.01", "--filter",
                                     "^create/uts:unshare:root"};
  for (const char* option : {"--json=", "--output=", "--benchmark_out="}) {
    std::vector<std::string> words = run;
    words.push_back(option + link);
    EXPECT_EQ(nsbench(words).exit_code, 2) << option;
  }
  EXPECT_EQ(content(ours), "root's");
}

TEST_F(Security, FilesAreNoWiderThanTheUmaskSays) {
  const mode_t before = ::umask(077);
  for (const char* option : {"--json=", "--benchmark_out="}) {
    const std::string file = path("out");
    const Finished run =
        nsbench({"run", "--time", "0.01", "--filter", "^create/uts:unshare:root", option + file});
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0) << option << run.err;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << option;
    ::unlink(file.c_str());
  }
  ::umask(before);
}

// QEMU is found by PATH, which may name somebody's directory: it is nobody's, too.
TEST_F(Security, AnotherQemuHasNoneOfOurRights) {
  const std::string kernel = NSBENCH_SOURCE_DIR "/build/deps/kernels/debian-6.12/vmlinuz";
  if (!fs::exists(kernel)) GTEST_SKIP() << kernel << " is not there: ci/fetch-kernels.sh";
  ::chmod(directory_.c_str(), 0755);
  const std::string fake = saved("qemu-system-x86_64",
                                 "#!/bin/sh\nid; grep Cap /proc/self/status\n"
                                 "cat " +
                                     saved("secret", "mine") + "\nexit 1\n");
  ::chmod(fake.c_str(), 0755);
  ::chmod(path("secret").c_str(), 0600);
  const std::string search = std::getenv("PATH");
  ::setenv("PATH", (directory_ + ":" + search).c_str(), 1);
  const Finished boot = nsbench({"boot", kernel, "--engine", "qemu-tcg", "--timeout", "20"});
  ::setenv("PATH", search.c_str(), 1);
  if (boot.err.find("no static nsbench") != std::string::npos) GTEST_SKIP() << boot.err;
  EXPECT_EQ(boot.exit_code, 3) << boot.err;
  EXPECT_THAT(boot.err, HasSubstr("uid=65534"));
  EXPECT_THAT(boot.err, HasSubstr("CapBnd:"));
  EXPECT_THAT(boot.err, Not(HasSubstr("mine\n")));
  EXPECT_THAT(boot.err, HasSubstr("Permission denied"));
}

bool calls_a_shell(const std::string& line) {
  if (line.find("system") == std::string::npos && line.find("popen") == std::string::npos &&
      line.find("execl") == std::string::npos && line.find("wordexp") == std::string::npos) {
    return false;  // most lines, without the cost of an expression
  }
  static const std::regex shell(
      R"((^|[^\w:.])(::|std::)?(system|popen|execl|execlp|wordexp)\s*\()");
  static const std::regex text(R"("([^"\\]|\\.)*")");
  return std::regex_search(std::regex_replace(line.substr(0, line.find("//")), text, "\"\""),
                           shell);
}

TEST(NoShell, IsCalledAnywhere) {
  int files = 0;
  for (const char* room : {"reports", "probes", "bench", "suites", "ci"}) {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(fs::path(NSBENCH_SOURCE_DIR) / room)) {
      const std::string name = entry.path().filename();
      const std::string way = entry.path();
      const bool test = name.ends_with("_test.cpp") || way.find("/testing/") != std::string::npos ||
                        way.find("bench/accuracy/") != std::string::npos;
      if (test || (!name.ends_with(".cpp") && !name.ends_with(".h"))) continue;
      ++files;
      std::ifstream lines(entry.path());
      for (std::string line; std::getline(lines, line);) {
        EXPECT_FALSE(calls_a_shell(line)) << way << ": " << line;
      }
    }
  }
  EXPECT_GT(files, 100);
  EXPECT_TRUE(calls_a_shell("  ::popen(command, \"r\");"));
  EXPECT_TRUE(calls_a_shell("  return std::system(x);"));
  EXPECT_FALSE(calls_a_shell("  fmt::print(\"os.system('true')\");  // system()"));
}

}  // namespace
}  // namespace nsbench
