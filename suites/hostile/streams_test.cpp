// Every command where its descriptors, its variables or its working directory are not what a shell
// on a terminal gives: it says the same, and neither crashes nor hangs.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/testing/processes.h"
#include "reports/file.h"
#include "reports/json.h"
#include "suites/hostile/environment.h"
#include "suites/testing/in_directory.h"

namespace nsbench {
namespace {

using testing::Ended;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::run_there;
using testing::Surroundings;

constexpr std::string_view saved_report = "REPORT";  // stands for the path of one

struct Command {
  const char* name;
  std::vector<std::string> words;
  bool changing = false;  // what it prints differs from run to run
  int cant_print = 2;     // exit status where its standard output can't be written
};

void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

const std::vector<std::string> small_run{
    NSBENCH_PROGRAM, "run", "--checks-only", "--filter", "^uts/hostname:unshare:", "--json"};

// Ten seconds each time: not for every day.
std::vector<Command> slow_commands() {
  if (std::getenv("NSBENCH_CI_FULL") == nullptr) return {};
  return {{"doctor", {NSBENCH_PROGRAM, "doctor"}, true}};
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> some{
        {"list", {NSBENCH_PROGRAM, "list", "--long"}},
        {"explain", {NSBENCH_PROGRAM, "explain", "uts/hostname"}},
        {"report", {NSBENCH_PROGRAM, "report", std::string(saved_report)}},
        {"compare",
         {NSBENCH_PROGRAM, "compare", std::string(saved_report), std::string(saved_report)}},
        {"rerun", {NSBENCH_PROGRAM, "rerun", "uts/hostname:unshare:userns"}, true},
        {"run", small_run, true},
        {"ktap",
         {NSBENCH_PROGRAM, "run", "--checks-only", "--filter", "^uts/hostname:unshare:", "--format",
          "ktap"},
         true},
        {"nsprobe", {NSPROBE_PROGRAM, "uts", "user"}, true, 3},
    };
    for (Command& slow : slow_commands()) some.push_back(std::move(slow));
    return some;
  }();
  return all;
}

// A run's report in a file, for the commands that read one.
class Streams : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    const Ended run = run_there({}, small_run);
    ASSERT_TRUE(from_json(run.out)) << run.str();
    report_ = saved("report.json", run.out);
  }

  [[nodiscard]] std::vector<std::string> words_of(const Command& command) const {
    std::vector<std::string> words = command.words;
    for (std::string& word : words) {
      if (word == saved_report) word = report_;
    }
    return words;
  }

  std::string report_;
};

class StreamsOf : public Streams, public ::testing::WithParamInterface<Command> {};

struct Oddity {
  const char* name;
  Surroundings where;
};

Status close_input() {
  ::close(STDIN_FILENO);
  return {};
}

Status close_errors() {
  ::close(STDERR_FILENO);
  return {};
}

// A working directory that has no name any more.
Status lose_directory() {
  std::string name = "/tmp/nsbench-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return Error::last("mkdtemp");
  if (::chdir(name.c_str()) != 0) return Error::last("chdir");
  if (::rmdir(name.c_str()) != 0) return Error::last("rmdir");
  return {};
}

Status shut_directory() {
  if (Status lost = lose_directory(); !lost) return lost;
  if (::chmod(".", 0) != 0) return Error::last("chmod");
  return {};
}

std::vector<Oddity> oddities() {
  return {
      {"standard input closed", {.prepare = close_input}},
      {"standard error closed", {.prepare = close_errors}},
      {"no variables", {.by = {"env", "-i"}}},
      {"LC_ALL=C", {.by = {"env", "LC_ALL=C"}}},
      {"LC_ALL=de_DE.UTF-8", {.by = {"env", "LC_ALL=de_DE.UTF-8", "LANGUAGE=de"}}},
      {"LANG of no locale", {.by = {"env", "LANG=xx_YY.\xff\x1b[31m", "LC_NUMERIC=,"}}},
      {"no TERM, no HOME, COLUMNS of no number",
       {.by = {"env", "-u", "TERM", "-u", "HOME", "COLUMNS=-1e9", "TMPDIR=/no/such"}}},
      {"an empty argv[0]", {.by = {"bash", "-c", "exec -a '' \"$@\"", "bash"}}},
      {"a working directory that is gone", {.prepare = lose_directory}},
      {"a working directory that is shut", {.prepare = shut_directory}},
  };
}

TEST_P(StreamsOf, SayTheSameWhereverTheyAreStarted) {
  const std::vector<std::string> words = words_of(GetParam());
  const Ended plain = run_there({}, words);
  ASSERT_FALSE(plain.hung) << plain.str();
  ASSERT_EQ(plain.signal, 0) << plain.str();
  for (const Oddity& odd : oddities()) {
    const Ended ended = run_there(odd.where, words);
    EXPECT_EQ(ended.exit_code, plain.exit_code) << odd.name << ": " << ended.str();
    if (GetParam().changing) {
      EXPECT_EQ(ended.out.empty(), plain.out.empty()) << odd.name << ": " << ended.str();
    } else {
      EXPECT_EQ(ended.out, plain.out) << odd.name;
    }
  }
}

TEST_P(StreamsOf, SayThatStandardOutputCannotBeWritten) {
  const std::vector<std::string> words = words_of(GetParam());
  const auto closed = [] {
    ::close(STDOUT_FILENO);
    return Status{};
  };
  const auto full = [] {
    const Fd device(::open("/dev/full", O_WRONLY));
    ::dup2(device.get(), STDOUT_FILENO);
    return Status{};
  };
  for (const std::function<Status()>& prepare : {std::function<Status()>(closed), {full}}) {
    const Ended ended = run_there({.prepare = prepare}, words);
    EXPECT_EQ(ended.exit_code, GetParam().cant_print) << ended.str();
    EXPECT_THAT(ended.err, HasSubstr("standard output")) << ended.str();
  }
}

// As head(1) leaves it.
TEST_P(StreamsOf, EndQuietlyWhenTheirReaderHasGone) {
  const auto prepare = [] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return Status(Error::last("pipe"));
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    return Status{};
  };
  const Ended ended = run_there({.prepare = prepare}, words_of(GetParam()));
  EXPECT_EQ(ended.signal, SIGPIPE) << ended.str();
  EXPECT_THAT(ended.err, IsEmpty());
}

// The number and the first argument of the call that a process waits in (proc_pid_syscall(5)).
bool waits_in_write_to_1(pid_t pid) {
  const Result<std::string> call = read_small_file(fmt::format("/proc/{}/syscall", pid));
  return call && call->starts_with("1 0x1 ");
}

// A pipe that is full to the last byte and that nobody reads.
int full_pipe(std::array<int, 2>& ends) {
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  const std::string page(4096, '.');
  while (::write(ends[1], page.data(), page.size()) > 0) continue;
  while (::write(ends[1], page.data(), 1) > 0) continue;
  ::fcntl(ends[1], F_SETFL, 0);
  return ends[1];
}

TEST_P(StreamsOf, CanBeInterruptedWhenTheirReaderDoesNotRead) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "which call a process waits in is told by numbers of x86-64";
#endif
  const std::vector<std::string> words = words_of(GetParam());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::array<int, 2> ends{-1, -1};
    ASSERT_GE(full_pipe(ends), 0);
    const Fd reader(ends[0]);
    const Fd writer(ends[1]);
    Result<Child> child = Child::fork([&] {
      ::dup2(writer.get(), STDOUT_FILENO);
      return become(words);
    });
    ASSERT_TRUE(child);
    EXPECT_TRUE(testing::soon([&] { return waits_in_write_to_1(child->pid()); }));
    ::kill(child->pid(), signal);
    const Result<ExitStatus> ended = child->wait(Deadline::in(std::chrono::seconds(5)));
    ASSERT_TRUE(ended) << "signal " << signal << " does not end it";
    EXPECT_TRUE(ended->signal == signal || ended->code == 3) << ended->str();
  }
}

INSTANTIATE_TEST_SUITE_P(All, StreamsOf, ::testing::ValuesIn(commands()),
                         [](const auto& info) { return std::string(info.param.name); });

Status close_all_three() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(fd);
  return {};
}

// Its descriptor would be 1, and tables would be printed into it.
TEST_F(Streams, AReportTakesNotThePlaceOfAClosedStandardOutput) {
  for (const char* shell : {"", "mount -t tmpfs none /dev"}) {
    Surroundings where{.prepare = close_all_three, .shell = shell};
    if (*shell != '\0') {
      if (::geteuid() != 0) continue;
      where.by = {"unshare", "-m"};
    }
    std::vector<std::string> words = small_run;
    words.back() = "--json=" + path("new.json");
    const Ended ended = run_there(where, words);
    EXPECT_EQ(ended.exit_code, 2) << shell;
    const Result<std::string> text = read_file(path("new.json"));
    ASSERT_TRUE(text) << text.error().str();
    EXPECT_TRUE(from_json(*text)) << *text;
    std::filesystem::remove(path("new.json"));
  }
}

}  // namespace
}  // namespace nsbench
