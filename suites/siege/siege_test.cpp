// The siege itself: it notices what it is there for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "suites/siege/kept_files.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench::siege {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(WhatIsTorn, IsToldForEachKindOfFile) {
  for (const auto& [name, whole] : std::vector<std::pair<std::string, std::string>>{
           {"a.json", R"({"a": [1, 2]})"},
           {"a.xml", "<testsuites>\n</testsuites>\n"},
           {"a.html", "<html></html>\n"},
           {"a.ktap", "KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n"},
           {"a.md", "# Report\n"}}) {
    EXPECT_THAT(what_is_torn(name, whole), IsEmpty()) << name;
    // Its last line's end is all that Markdown has; a document of another kind may lack that.
    for (const std::size_t length : {std::size_t{0}, whole.size() / 2, whole.size() - 2}) {
      EXPECT_THAT(what_is_torn(name, whole.substr(0, length)), Not(IsEmpty()))
          << name << ", " << length << " bytes";
    }
  }
}

class LookAtFiles : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    for (const std::string& place : {path("in"), path("out")}) fs::create_directory(place);
    saved("in/old.json", R"({"old": true})");
    saved("out/run.json", R"({"old": true})");
  }
  [[nodiscard]] KeptFiles look(bool killed) const {
    return look_at_files("", path("out"), {"run.json"}, path("in"), killed, "filler");
  }
};

TEST_F(LookAtFiles, OldAndNewAreCounted) {
  EXPECT_EQ(look(false).old, 1);
  saved("out/run.json", R"({"new": true})");
  EXPECT_EQ(look(false).fresh, 1);
  saved("out/filler", "");
  EXPECT_THAT(look(false).troubles, IsEmpty());
}

TEST_F(LookAtFiles, TornAndMissingFilesAreTroubles) {
  saved("out/run.json", R"({"new": )");
  EXPECT_THAT(look(false).troubles, Contains(HasSubstr("neither the old one nor a whole new one")));
  fs::remove(path("out/run.json"));
  EXPECT_THAT(look(false).troubles, Contains(HasSubstr("ENOENT")));
}

TEST_F(LookAtFiles, AWholeTemporaryMaySurviveAKillAlone) {
  saved("out/run.json.0123456789abcdef.tmp", R"({"new": true})");
  EXPECT_EQ(look(true).temporaries, 1);
  EXPECT_THAT(look(true).troubles, IsEmpty());
  EXPECT_THAT(look(false).troubles, Contains(HasSubstr("is left")));
  saved("out/run.json.0123456789abcdef.tmp", R"({"new": )");
  EXPECT_THAT(look(true).troubles, Contains(HasSubstr("is left")));
  fs::remove(path("out/run.json.0123456789abcdef.tmp"));
  saved("out/run.json.tmp", R"({"new": true})");
  EXPECT_THAT(look(true).troubles, Contains(HasSubstr("is left")));
}

// An nsbench that leaves a process, a file and a name behind.
TEST(Siege, NoticesWhatACarelessProgramLeaves) {
  const std::string careless = fs::current_path() / "careless-nsbench";
  ASSERT_TRUE(write_file(careless,
                         "#!/bin/sh\n"
                         "sleep 1000 &\n"
                         "echo > /tmp/left-$$\n"
                         "echo host-$$ > /proc/sys/kernel/hostname\n"
                         "exec " NSBENCH_PROGRAM " \"$@\"\n"));
  ASSERT_EQ(::chmod(careless.c_str(), 0755), 0);
  const testing::Finished run =
      testing::run_program({NSBENCH_SIEGE, "--nsbench", careless, "--only", "report", "--ending",
                            "SIGTERM", "--kills", "1", "--seed", "1"});
  fs::remove(careless);
  if (run.exit_code == 77) GTEST_SKIP() << run.err;
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr(" sleep"));
  EXPECT_THAT(run.out, HasSubstr("files: + /tmp/left-"));
  EXPECT_THAT(run.out, HasSubstr("names: + host host-"));
  EXPECT_THAT(run.out, HasSubstr("--seed 1 --from 0 --kills 1"));
}

}  // namespace
}  // namespace nsbench::siege
