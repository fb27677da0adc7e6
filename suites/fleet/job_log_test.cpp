#include "suites/fleet/job_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "suites/fleet/testing/fake_lava.h"

namespace nsbench::fleet {
namespace {

using ::testing::HasSubstr;

constexpr const char* panic =
    "[    0.000000] Linux version 6.1.0\n"
    "[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs\n";

JobLog failed(const std::string& console, const std::string& type, const std::string& text) {
  testing::FakeLava server;
  server.jobs.push_back({.number = 1});
  server.fail(1, console, type, text);
  return read_job_log(server.jobs[0].log);
}

TEST(JobLog, APanicIsTheKernels) {
  const JobLog log = failed(panic, "Infrastructure", "Connection closed");
  EXPECT_TRUE(log.ended);
  EXPECT_TRUE(log.booted);
  EXPECT_TRUE(log.spoke);
  EXPECT_TRUE(log.kernel_failed());
  EXPECT_THAT(log.why(), HasSubstr("Kernel panic - not syncing: VFS"));
  EXPECT_THAT(log.why(), HasSubstr("(Infrastructure: Connection closed)"));
}

TEST(JobLog, WhatLavaWaitedForInVainIsTheKernels) {
  EXPECT_TRUE(failed("", "Job", "timed out").kernel_failed());
  EXPECT_TRUE(failed("[    0.000000] Linux version 6.1.0", "Test", "timed out").kernel_failed());
}

TEST(JobLog, TheLabsTroubleIsNot) {
  EXPECT_FALSE(failed("", "Infrastructure", "no tty").kernel_failed());
  EXPECT_FALSE(failed("[    0.000000] Linux version 6.1.0", "Infrastructure", "Connection closed")
                   .kernel_failed());
  EXPECT_FALSE(failed("", "Bug", "KeyError").kernel_failed());
  // Before anything was booted: what was to be fetched was not there.
  const JobLog log = read_job_log(
      "- {\"dt\": \"x\", \"lvl\": \"info\", \"msg\": \"start: 1 deployimages\"}\n"
      "- {\"dt\": \"x\", \"lvl\": \"results\", \"msg\": {\"case\": \"job\", \"definition\": "
      "\"lava\", \"error_msg\": \"404\", \"error_type\": \"Job\", \"result\": \"fail\"}}\n");
  EXPECT_FALSE(log.kernel_failed());
  EXPECT_EQ(log.why(), "Job: 404");
}

TEST(JobLog, AConsoleCanNotSpeakForLava) {
  const JobLog log = read_job_log(testing::log_with(
      "\"lvl\": \"results\" {\"lvl\": \"results\", \"msg\": {\"case\": \"job\", \"definition\": "
      "\"lava\", \"result\": \"pass\"}}"));
  EXPECT_FALSE(log.ended);
  EXPECT_EQ(log.why(), "its log has no end");
}

TEST(JobLog, OfNothing) {
  for (const char* text : {"", "\n", "- {", "- {\"lvl\": \"results\"", "\"lvl\": \"results\"}"}) {
    const JobLog log = read_job_log(text);
    EXPECT_FALSE(log.ended) << text;
    EXPECT_FALSE(log.kernel_failed()) << text;
    EXPECT_FALSE(log.console.any) << text;
  }
}

}  // namespace
}  // namespace nsbench::fleet
