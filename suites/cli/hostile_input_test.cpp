// What nsbench does with files that are no reports: one line that names the file and the place,
// exit status 2, nothing written, and no more memory than a large report takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using ::testing::EndsWith;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// AddressSanitizer needs terabytes of addresses.
#if defined(__SANITIZE_ADDRESS__)
constexpr const char* address_space = "unlimited";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr const char* address_space = "unlimited";
#else
constexpr const char* address_space = "1000000";
#endif
#else
constexpr const char* address_space = "1000000";  // kB
#endif

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return at == std::string::npos ? text : text.replace(at, old.size(), with);
}

class HostileInput : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "nsbench-hostile-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    ASSERT_EQ(::chmod(name.c_str(), 0755), 0);
    directory_ = name;
    ASSERT_TRUE(write_file(path("good"), good_));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string saved(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file(path(name), text));
    return path(name);
  }
  // With the limit, and killed if it takes a minute.
  static Finished limited(std::vector<std::string> command) {
    command.insert(command.begin(),
                   {"timeout", "60", "sh", "-c", "ulimit -v \"$0\" && exec \"$@\"", address_space});
    return testing::run_program(command);
  }

  // `nsbench report` and `compare` refuse `file`, and say `what` of it.
  void expect_refused(const std::string& file, const std::string& what) const {
    const auto before = files();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"report", file, "--report", "json:" + path("never")},
          {"report", path("good"), file, "--format", "junit", "--output", path("never")},
          {"compare", path("good"), "--", file, "--json=" + path("never")}}) {
      std::vector<std::string> command{NSBENCH_PROGRAM};
      command.insert(command.end(), words.begin(), words.end());
      const Finished run = limited(command);
      EXPECT_EQ(run.exit_code, 2) << file;
      EXPECT_THAT(run.out, IsEmpty()) << file;
      EXPECT_THAT(run.err, StartsWith("nsbench: ")) << file;
      EXPECT_THAT(run.err, HasSubstr(what)) << file;
      EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
      EXPECT_LT(run.err.size(), 1000U) << file;
    }
    EXPECT_EQ(files(), before) << file;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const std::string good_ = to_json(sample_report());

 private:
  std::string directory_;
};

TEST_F(HostileInput, TheReportThatIsSpoiledBelowIsAccepted) {
  EXPECT_EQ(limited({NSBENCH_PROGRAM, "report", path("good")}).exit_code, 1);
}

TEST_F(HostileInput, WhatIsNoReportIsRefused) {
  const std::string& good = good_;
  const std::pair<std::string, std::string> all[] = {
      {"", ": is empty"},
      {good.substr(0, good.size() / 2), ": line "},
      {"PNG\n\x1a", ": line 1, column 1: "},
      {"[]", ": /: has no key 'nsbench': this is not a report"},
      {R"({"nsbench": {"schema": 99}, "cases": 7})", ": /nsbench/schema: 99 is newer"},
      {R"({"nsbench": {"schema": NaN}})", ": line 1, column 24: "},
      {R"({"nsbench": {"schema": 1e400}})", ": line 1, column 24: '1e400' is too large"},
      {R"({"nsbench": {"schema": "one"}})", ": /nsbench/schema: must be "},
      {"{\"nsbench\": \"\xff\xfe\"}", ": line 1, column "},
      {replaced(good, "pid/first_is_one:clone3:root", "pid/first_is_one:clone:root"),
       ": /cases/2/id: 'pid/first_is_one:clone:root' stands at /cases/0 already"},
      {replaced(good, R"("release":"6.1.0-28-amd64")", R"("release":["6"])"),
       ": /kernel/release: must be a text, is an array"},
  };
  std::size_t number = 0;
  for (const auto& [text, what] : all) {
    const std::string file = saved("hostile" + std::to_string(++number), text);
    expect_refused(file, file + what);
  }
}

TEST_F(HostileInput, BombsAreRefusedWithinTheLimits) {
  const std::pair<std::string, std::string> all[] = {
      {repeated("[", 10'000'000), ": line 1, column 65: nested deeper than 64 levels"},
      {repeated("{\"a\":", 2'000'000), "nested deeper than 64 levels"},
      {"{\"nsbench\":{\"schema\":" + repeated("9", 10'000'000) + "}}", "is too large for a number"},
      {"[" + repeated("0,", 9'000'000) + "0]", "more than 8000000 values"},
      {"{" + repeated("\"a\":0,", 3'000'000) + "\"a\":0}", "more than 2000000 keys"},
      {replaced(good_, R"("namespaces":["pid"])",
                "\"namespaces\":[" + repeated("0,", 6'000'000) + "0]"),
       "6000001 elements are more than 200000"},
      {replaced(good_, "6.1.0-28-amd64", repeated("x", 64U << 20U)), "is larger than"},
      {"{\"nsbench\":{\"schema\":\"" + repeated("x", 60'000'000) + "\"}}", "must be "},
  };
  for (const auto& [text, what] : all) expect_refused(saved("bomb", text), what);
}

TEST_F(HostileInput, AGigabyteIsNotRead) {
  std::ofstream(path("gigabyte")).close();
  std::filesystem::resize_file(path("gigabyte"), 1'000'000'000);
  expect_refused(path("gigabyte"), "/gigabyte' is larger than 67108864 bytes");
  expect_refused("/dev/zero", "'/dev/zero' is larger than 67108864 bytes");
}

TEST_F(HostileInput, WhatIsNoFileIsNamed) {
  expect_refused(path(""), "/' is a directory");
  expect_refused(path("none"), "/none'): ENOENT");
  expect_refused("/dev/null", "/dev/null: is empty");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  expect_refused(path("fifo"), "/fifo' is a pipe that nobody writes to");
  expect_refused(path("a\nb\x1b[2J"), "/a\\nb\\x1b[2J'): ENOENT");
}

TEST_F(HostileInput, WhatMayNotBeReadIsNamed) {
  const std::string file = saved("secret", good_);
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  std::vector<std::string> command{NSBENCH_PROGRAM, "report", file};
  if (::geteuid() == 0) {
    command.insert(command.begin(),
                   {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"});
  }
  const Finished run = testing::run_program(command);
  if (run.exit_code == 127) GTEST_SKIP() << run.err;  // nobody may not run our build
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, EndsWith("/secret'): EACCES\n"));
}

TEST_F(HostileInput, APipeThatIsWrittenToIsRead) {
  const Finished run = testing::run_program(
      {"sh", "-c", "{ sleep 0.1; cat \"$1\"; } | \"$0\" report /dev/stdin --format=lkp",
       NSBENCH_PROGRAM, path("good")});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("uts.hostname.setns.root.pass: 1\n"));
}

// Thousands of parentheses would overflow the stack of the standard library's regex.
TEST_F(HostileInput, AFilterThatIsNoneOrTooLongIsRefused) {
  for (const std::string& filter : {std::string("net/("), repeated("(", 100'000)}) {
    const Finished run = limited({NSBENCH_PROGRAM, "run", "--filter", filter});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("is no regular expression: "));
    EXPECT_LT(run.err.size(), 1000U);
  }
}

}  // namespace
}  // namespace nsbench
