#include "suites/fleet/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Job sample() {
  return {.kernel = "debian-6.12",
          .release = "6.12.117",
          .device_type = "qemu",
          .boot = 2,
          .base = "debian-6.1",
          .command = "nsbench run --filter ^uts/",
          .append = "mitigations=off",
          .kernel_url = "http://lab/kernels/debian-6.12/kernel",
          .initramfs_url = "http://lab/kernels/debian-6.12/initramfs",
          .content = "a b",
          .run_minutes = 7};
}

constexpr const char* smallest = "@JOB_NAME@ @JOB_ID@ @KERNEL_URL@ @INITRAMFS_URL@";

TEST(LavaJob, HasAllThatIsKnown) {
  const Result<JobText> job = make_job(builtin_template(), sample());
  ASSERT_TRUE(job) << job.error().str();
  for (const std::string text :
       {"device_type: \"qemu\"", "nsbench.kernel: \"debian-6.12\"", "nsbench.boot: \"2\"",
        "nsbench.base: \"debian-6.1\"", "nsbench.command: \"nsbench run --filter ^uts/\"",
        "url: \"http://lab/kernels/debian-6.12/kernel\"", "mitigations=off\"'",
        "url: \"http://lab/kernels/debian-6.12/initramfs\"", "connection: {minutes: 7}",
        "job: {minutes: 37}"}) {
    EXPECT_THAT(job->yaml, HasSubstr(text));
  }
  EXPECT_THAT(job->yaml, HasSubstr("job_name: \"" + job->name + "\""));
  EXPECT_THAT(job->yaml, HasSubstr("nsbench.job: \"" + job->id + "\""));
  EXPECT_EQ(job->name, "nsbench debian-6.12 boot 2 on qemu " + job->id);
  EXPECT_THAT(job->yaml, Not(HasSubstr("@")));
}

TEST(LavaJob, TheSameJobHasTheSameIdAndNoOtherHasIt) {
  const std::string id = make_job(builtin_template(), sample())->id;
  // That it is the same for ever is a promise: servers have it. This is Python's uuid.uuid5.
  EXPECT_EQ(make_job(smallest, sample())->id, "f1fec24b-b7bb-5c91-8850-2eefeff8ab42");
  EXPECT_EQ(make_job(builtin_template(), sample())->yaml,
            make_job(builtin_template(), sample())->yaml);
  std::set<std::string> ids{id, make_job(smallest, sample())->id};
  const auto changed = [&ids](auto change) {
    Job job = sample();
    change(job);
    EXPECT_TRUE(ids.insert(make_job(builtin_template(), job)->id).second);
  };
  changed([](Job& job) { job.kernel = "debian-6.1"; });
  changed([](Job& job) { job.device_type = "board"; });
  changed([](Job& job) { job.boot = 3; });
  changed([](Job& job) { job.base = ""; });
  changed([](Job& job) { job.command += " --time 1"; });
  changed([](Job& job) { job.append = "quiet"; });
  changed([](Job& job) { job.kernel_url += "2"; });
  changed([](Job& job) { job.initramfs_url += "2"; });
  changed([](Job& job) { job.content = "a c"; });
  changed([](Job& job) { job.run_minutes = 8; });
}

TEST(LavaJob, WhatItIsMadeOfCannotBreakOutOfItsQuotes) {
  Job job = sample();
  job.command = "a \"quote\", a \\ and a\nnewline: x";
  const Result<JobText> made = make_job(builtin_template(), job);
  ASSERT_TRUE(made);
  EXPECT_THAT(made->yaml,
              HasSubstr("nsbench.command: \"a \\\"quote\\\", a \\\\ and a\\x0anewline: x\"\n"));
}

TEST(LavaJob, ATemplateMustKnowWhatItSays) {
  EXPECT_TRUE(make_job(smallest, sample()));
  EXPECT_THAT(make_job(std::string(smallest) + "@KERNAL@", sample()).error().str(),
              HasSubstr("@KERNAL@ stands for nothing"));
  for (const char* word : {"@JOB_NAME@", "@JOB_ID@", "@KERNEL_URL@", "@INITRAMFS_URL@"}) {
    std::string without = smallest;
    without.erase(without.find(word), std::string(word).size());
    EXPECT_THAT(make_job(without, sample()).error().str(), HasSubstr(word));
  }
  const Result<JobText> other = make_job(std::string(smallest) + " me@lab.org @ @@ @x@", sample());
  ASSERT_TRUE(other);
  EXPECT_THAT(other->yaml, HasSubstr(" me@lab.org @ @@ @x@"));
}

TEST(LavaJob, NamesAndWords) {
  for (const char* name : {"debian-6.12", "v6.13_rc1", "a"}) EXPECT_TRUE(is_name(name)) << name;
  for (const char* name : {"", ".", "..", "a/b", "a b", "\xc3\xbc"}) EXPECT_FALSE(is_name(name));
  EXPECT_FALSE(is_name(std::string(65, 'a')));
  EXPECT_TRUE(is_plain("console=ttyS1,115200 a.b=c -- x"));
  for (const char* text : {"'", "\"", "\\", "$(x)", "`", "{kernel}", "\n", "\xc3\xbc"}) {
    EXPECT_FALSE(is_plain(text)) << text;
  }
  EXPECT_EQ(url_of("file:///a b/\xc3\xbc\"{x}%20"), "file:///a%20b/%C3%BC%22%7Bx%7D%20");
  EXPECT_NE(fingerprint("a"), fingerprint("b"));
  EXPECT_EQ(fingerprint("a"), fingerprint("a"));
}

}  // namespace
}  // namespace nsbench::fleet
