#include "reports/place.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "reports/file.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr uid_t somebody = 12345;
constexpr uid_t nobody = 65534;

class PlaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "nsbench-place-test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    ASSERT_EQ(::chmod(name.c_str(), 0755), 0);
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }
  void make_directory(const std::string& name, mode_t mode, uid_t owner) const {
    ASSERT_EQ(::mkdir(path(name).c_str(), 0700), 0);
    ASSERT_EQ(::chown(path(name).c_str(), owner, owner), 0);
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void make_link(const std::string& name, const std::string& target, uid_t owner) const {
    ASSERT_EQ(::symlink(target.c_str(), path(name).c_str()), 0);
    ASSERT_EQ(::lchown(path(name).c_str(), owner, owner), 0);
  }
  // The errno with which a file can't be written there; 0: it can.
  [[nodiscard]] int refusal(const std::string& name) const {
    const Status status = write_file(path(name), "x");
    return status.ok() ? 0 : status.error().err;
  }
  [[nodiscard]] int refusal_for(uid_t user, const std::string& name) const {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(255);
      ::_exit(refusal(name));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
  }

 private:
  fs::path directory_;
};

#define NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make other people's links"

TEST_F(PlaceTest, ThePathIsWalkedAsTheKernelWalksIt) {
  ASSERT_TRUE(fs::create_directories(path("a/b")));
  fs::create_directory_symlink("a/b", path("relative"));
  fs::create_directory_symlink(path("a"), path("absolute"));
  fs::create_symlink("../a/b/../b/file", path("a/to-file"));
  for (const char* way : {"a/b/file", "a//b/./file", "a/b/../b/file", "relative/file",
                          "absolute/b/file", "relative/../b/file", "a/to-file"}) {
    const Result<Place> place = find_place(path(way));
    ASSERT_TRUE(place) << way << ": " << place.error().str();
    EXPECT_EQ(place->name, "file") << way;
    EXPECT_FALSE(place->what) << way;
    struct stat there {};
    ASSERT_EQ(::stat(path("a/b").c_str(), &there), 0);
    EXPECT_EQ(place->of_directory.st_ino, there.st_ino) << way;
  }
}

TEST_F(PlaceTest, WhatIsNoPlaceForAFileIsNamed) {
  fs::create_symlink("loop", path("loop"));
  fs::create_directory(path("directory"));
  EXPECT_EQ(find_place("").error().err, ENOENT);
  EXPECT_EQ(find_place("/").error().err, EISDIR);
  EXPECT_EQ(find_place(path("new/")).error().err, EISDIR);
  EXPECT_EQ(find_place(path("directory/")).error().err, EISDIR);
  EXPECT_EQ(find_place(path("no/file")).error().err, ENOENT);
  EXPECT_EQ(find_place(path("loop")).error().err, ELOOP);
  EXPECT_THAT(find_place(path("no/file")).error().str(), HasSubstr(path("no/file")));
  EXPECT_EQ(write_file(path("directory"), "x").error().err, EISDIR);
}

TEST_F(PlaceTest, ALinkToNothingMakesWhatItNames) {
  fs::create_symlink("made", path("link"));
  EXPECT_EQ(refusal("link"), 0);
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_regular_file(path("made")));
}

TEST_F(PlaceTest, InASharedDirectoryAStrangersLinkIsNotFollowed) {
  NEEDS_ROOT();
  make_directory("mine", 0755, nobody);
  make_directory("shared", 01777, 0);
  make_link("shared/strangers", "../mine/1", somebody);
  make_link("shared/own", "../mine/2", nobody);
  make_link("shared/roots", "../mine/3", 0);
  make_directory("shared-of-somebody", 01777, somebody);
  make_link("shared-of-somebody/owners", "../mine/4", somebody);
  make_directory("open", 0777, 0);  // not sticky: there anything can be replaced anyway
  make_link("open/strangers", "../mine/5", somebody);
  EXPECT_EQ(refusal_for(nobody, "shared/strangers"), EACCES);
  EXPECT_FALSE(fs::exists(path("mine/1")));
  for (const char* fine :
       {"shared/own", "shared/roots", "shared-of-somebody/owners", "open/strangers"}) {
    EXPECT_EQ(refusal_for(nobody, fine), 0) << fine;
  }
  const Status refused = write_file(path("shared/strangers"), "x");
  EXPECT_THAT(refused.error().str(), HasSubstr("is a symbolic link of user 12345"));
}

TEST_F(PlaceTest, RootFollowsNoLinkOfAUser) {
  NEEDS_ROOT();
  make_directory("home", 0755, somebody);
  make_directory("of-root", 0755, 0);
  ASSERT_TRUE(write_file(path("of-root/file"), "keep").ok());
  make_link("home/report.json", "../of-root/file", somebody);
  make_link("home/out", "../of-root", somebody);
  EXPECT_EQ(refusal("home/report.json"), EACCES);
  EXPECT_EQ(refusal("home/out/file"), EACCES);
  EXPECT_EQ(append_file(path("home/report.json"), "x").error().err, EACCES);
  EXPECT_EQ(*read_file(path("of-root/file")), "keep");
  // Nor is it the user's directory that is refused, nor root's own link to it.
  make_link("link", "home", 0);
  EXPECT_EQ(refusal("home/fine.json"), 0);
  EXPECT_EQ(refusal("link/fine.json"), 0);
  // Who made the link may follow it.
  make_directory("home/results", 0755, somebody);
  make_link("home/latest", "results", somebody);
  EXPECT_EQ(refusal_for(somebody, "home/latest/file"), 0);
}

TEST_F(PlaceTest, AFileThatSomebodyPutIntoASharedDirectoryDoesNotStayTheirs) {
  NEEDS_ROOT();
  make_directory("shared", 01777, 0);
  make_directory("home", 0755, somebody);
  for (const char* file : {"shared/report", "home/report"}) {
    ASSERT_TRUE(write_file(path(file), "planted").ok());
    ASSERT_EQ(::chown(path(file).c_str(), somebody, somebody), 0);
    ASSERT_EQ(::chmod(path(file).c_str(), 0666), 0);
    ASSERT_TRUE(write_file(path(file), "report").ok());
  }
  struct stat made {};
  ASSERT_EQ(::stat(path("shared/report").c_str(), &made), 0);
  EXPECT_EQ(made.st_uid, 0U);
  EXPECT_EQ(made.st_mode & 022U, 0U);
  ASSERT_EQ(::stat(path("home/report").c_str(), &made), 0);
  EXPECT_EQ(made.st_uid, somebody);
}

}  // namespace
}  // namespace nsbench
