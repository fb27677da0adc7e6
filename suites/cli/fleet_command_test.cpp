// nsbench fleet jobs as its users run it, with kernels and an init that are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "ci/kernel/testing/made_up.h"
#include "reports/file.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FleetJobs : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    fs::create_directories(path("kernels/old"));
    fs::create_directories(path("kernels/new"));
    fs::create_directories(path("kernels/empty"));
    saved("kernels/old/vmlinuz", kernel::testing::made_bzimage({.release = "6.1.0-old"}));
    saved("kernels/new/bzImage", kernel::testing::made_bzimage({.release = "6.2.0-new"}));
    saved("kernels/README", "no kernel");
    init_ = saved("init", kernel::testing::made_elf(kernel::testing::own_elf()));
    fs::permissions(init_, fs::perms::all);
  }
  Finished jobs(std::vector<std::string> words) const {
    const std::vector<std::string> all{NSBENCH_PROGRAM, "fleet", "jobs", "--init", init_};
    words.insert(words.begin(), all.begin(), all.end());
    return testing::run_program(words);
  }
  std::vector<std::string> usual(std::vector<std::string> more) const {
    const std::vector<std::string> all{"--kernels", path("kernels"), "--device-type",
                                       "qemu",      "--out",         path("out")};
    more.insert(more.begin(), all.begin(), all.end());
    return more;
  }
  std::string content(const std::string& name) const {
    const Result<std::string> text = read_file(path(name));
    EXPECT_TRUE(text) << name;
    return text ? *text : "";
  }

  std::string init_;
};

TEST_F(FleetJobs, OnePerKernelAndBoot) {
  const Finished run = jobs(usual({"--boots", "2", "--base", "old"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path("out/jobs"))) {
    files.push_back(entry.path().filename());
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("old.boot-1.yaml", "old.boot-2.yaml",
                                                     "new.boot-1.yaml", "new.boot-2.yaml"));
  EXPECT_EQ(content("out/kernels/old/kernel"), content("kernels/old/vmlinuz"));
  const std::string job = content("out/jobs/new.boot-2.yaml");
  EXPECT_THAT(job, HasSubstr("nsbench.release: \"6.2.0-new\""));
  EXPECT_THAT(job, HasSubstr("nsbench.base: \"old\""));
  EXPECT_THAT(job, HasSubstr("url: \"file://" + path("out/kernels/new/kernel") + "\""));
  // The id is told, and is the job's.
  const std::string id = run.out.substr(0, run.out.find(' '));
  EXPECT_THAT(content("out/jobs/new.boot-1.yaml"), HasSubstr("nsbench.job: \"" + id + "\""));
}

TEST_F(FleetJobs, ASecondCallChangesNothing) {
  const Finished first = jobs(usual({"--", "--filter", "^uts/"}));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(path("out/jobs/old.boot-1.yaml").c_str(), &before), 0);
  const Finished second = jobs(usual({"--", "--filter", "^uts/"}));
  EXPECT_EQ(second.out, first.out);
  ASSERT_EQ(::stat(path("out/jobs/old.boot-1.yaml").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  // Another kernel under the same name is another job.
  saved("kernels/old/vmlinuz",
        kernel::testing::made_bzimage({.release = "6.1.0-old", .payload = "changed"}));
  const Finished changed = jobs(usual({"--", "--filter", "^uts/"}));
  EXPECT_NE(changed.out, first.out);
  EXPECT_EQ(changed.out.substr(0, changed.out.find('\n')),
            first.out.substr(0, first.out.find('\n')));  // new's
}

TEST_F(FleetJobs, WhatIsLeftOfAnEarlierCallIsNotSubmittedWithIt) {
  ASSERT_EQ(jobs(usual({"--boots", "2"})).exit_code, 0);
  const Finished fewer = jobs(usual({}));
  EXPECT_EQ(fewer.exit_code, 2);
  EXPECT_THAT(fewer.err, HasSubstr(".boot-2.yaml' is none of these jobs"));
  EXPECT_THAT(fewer.out, IsEmpty());
}

TEST_F(FleetJobs, AListATemplateAndAnUrlOfTheirOwn) {
  const std::string list = saved("list.json", R"({"schema": 1, "kernels": [
      {"name": "a", "image": "kernels/old/vmlinuz", "append": "quiet"},
      {"name": "b", "image": "kernels/new/bzImage"}]})");
  const std::string own =
      saved("own.yaml", "@JOB_NAME@|@JOB_ID@|@KERNEL_URL@|@INITRAMFS_URL@|@APPEND@|@COMMAND@\n");
  const Finished run =
      jobs({"--kernels", list, "--device-type", "board", "--out", path("out"), "--url",
            "http://lab/x y/", "--template", own, "--append", "a=b", "--", "--checks-only"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(
      content("out/jobs/a.boot-1.yaml"),
      HasSubstr("|http://lab/x%20y/kernels/a/kernel|http://lab/x%20y/kernels/a/initramfs|a=b "
                "quiet|nsbench run --checks-only\n"));
}

TEST_F(FleetJobs, BadUsageIsNamedAndWritesNothing) {
  const auto refused = [this](const std::vector<std::string>& words) {
    const Finished run = jobs(words);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.out, IsEmpty());
    EXPECT_FALSE(fs::exists(path("out/jobs")));
    return run.err;
  };
  EXPECT_THAT(refused(usual({"--base", "none"})),
              HasSubstr("--base none: there is no such kernel"));
  EXPECT_THAT(refused(usual({"--append", "a'b"})), HasSubstr("a'b"));
  EXPECT_THAT(refused(usual({"--", "--json"})), HasSubstr("--json stands before --"));
  EXPECT_THAT(refused(usual({"--template", path("none.yaml")})), HasSubstr("none.yaml"));
  EXPECT_THAT(refused(usual({"--template", saved("bad.yaml", "@KERNAL@")})),
              HasSubstr("@KERNAL@ stands for nothing"));
  EXPECT_THAT(
      refused({"--kernels", path("kernels/empty"), "--device-type", "qemu", "--out", path("out")}),
      HasSubstr("no kernel is in '"));
  EXPECT_THAT(refused({"--kernels", path("kernels"), "--device-type", "a b", "--out", path("out")}),
              HasSubstr("--device-type \"a b\""));
  saved("kernels/old/vmlinuz", "garbage");
  EXPECT_THAT(refused(usual({})), HasSubstr("kernels/old/vmlinuz"));
}

}  // namespace
}  // namespace nsbench
