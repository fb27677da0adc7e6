// What a check's processes can do to the run that they are part of: nothing. Probes made for the
// test, run by the runner beside good ones.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"
#include "suites/runner.h"

namespace nsbench {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Play = void (*)(Scene&);

// Shared with every process of the test.
struct Board {
  std::array<std::atomic<int>, 3> forks{};  // of each storm
};
Board* board = nullptr;

constexpr int most_forks = 2'000;  // a belt: none of these storms goes on for ever

// Every process makes two, and they theirs.
void storm(std::size_t which) {
  while (board->forks.at(which).fetch_add(1) < most_forks) {
    const Result<Child> child = Child::fork([which] {
      ::setsid();
      storm(which);
      return 0;
    });
    if (!child) return;
    const_cast<Child&>(*child).disown();
  }
  for (;;) ::pause();
}

void send_without_end(std::string_view message) {
  for (;;) {
    for (int fd = 3; fd < 64; ++fd) {
      static_cast<void>(::send(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
  }
}

void behave(Scene& s) { s.seen.call("sethostname", ::sethostname("nsb-good", 8)); }
void spin(Scene&) {
  volatile bool on = true;
  while (on) {
  }
}
void stop(Scene&) { ::raise(SIGSTOP); }
void fork_storm(Scene&) { storm(0); }
void fork_storm_too(Scene&) { storm(1); }
// It answers, and its children go on.
void fork_storm_later(Scene& s) {
  Result<Child> child = Child::fork([] {
    ::usleep(300'000);
    storm(2);
    return 0;
  });
  if (child) child->disown();
  behave(s);
}
void hide_and_ignore(Scene&) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_IGN);
  Result<Child> child = Child::fork([] {
    ::setsid();
    Result<Child> orphan = Child::fork([] {
      ::prctl(PR_SET_PDEATHSIG, 0);
      for (;;) ::pause();
      return 0;
    });
    if (orphan) orphan->disown();
    return 0;
  });
  if (child) child->disown();
  for (;;) ::pause();
}
void talk(Scene&) { send_without_end(std::string(1000, 'M')); }
void talk_rubbish(Scene&) { send_without_end(std::string("\xff\0\x01\n\x80", 5)); }
void hang_up_and_stay(Scene&) {
  close_all_but(-1);
  for (;;) ::pause();
}
void take_all_memory(Scene& s) {
  const rlimit fuse{.rlim_cur = 256UL << 20U, .rlim_max = 256UL << 20U};
  ::setrlimit(RLIMIT_AS, &fuse);
  std::vector<std::unique_ptr<char[]>> all;
  for (;;) all.push_back(std::make_unique_for_overwrite<char[]>(8U << 20U));
  s.seen.number("all", static_cast<std::int64_t>(all.size()));
}
void die(Scene&) { ::raise(SIGSEGV); }
void kill_everyone(Scene&) {
  ::kill(-1, SIGKILL);
  ::raise(SIGKILL);
}

Judgement judge_name(const Transcript& t) {
  Judgement j;
  j.works_errno("sethostname works", t.at("act").errno_of("sethostname"));
  j.isolated_differ("the name is not seen outside", "nsb-good", "another");
  return j;
}

struct Fault {
  const char* name;
  Side side;
  Play play;
  VerdictKind verdict;
  const char* observed;
};

const std::array faults{
    Fault{"good", Side::Inside, behave, VerdictKind::Pass, ""},
    Fault{"spins", Side::Inside, spin, VerdictKind::Broken, "hung past its deadline"},
    Fault{"spins_outside", Side::Outside, spin, VerdictKind::Broken, "no result within 4 s"},
    Fault{"stops", Side::Inside, stop, VerdictKind::Broken, "hung past its deadline"},
    Fault{"storm", Side::Inside, fork_storm, VerdictKind::Broken, "a storm of forks: "},
    Fault{"storm_outside", Side::Outside, fork_storm_too, VerdictKind::Broken,
          "a storm of forks: "},
    Fault{"hides", Side::Inside, hide_and_ignore, VerdictKind::Broken, "hung past its deadline"},
    Fault{"hides_outside", Side::Outside, hide_and_ignore, VerdictKind::Broken, "no result within"},
    Fault{"talks", Side::Inside, talk, VerdictKind::Broken, "malformed"},
    Fault{"talks_outside", Side::Outside, talk, VerdictKind::Broken, ""},
    Fault{"rubbish", Side::Inside, talk_rubbish, VerdictKind::Broken, ""},
    Fault{"rubbish_outside", Side::Outside, talk_rubbish, VerdictKind::Broken, "malformed message"},
    Fault{"hangs_up", Side::Inside, hang_up_and_stay, VerdictKind::Broken,
          "hung past its deadline"},
    Fault{"hangs_up_outside", Side::Outside, hang_up_and_stay, VerdictKind::Broken,
          "no result within"},
    Fault{"memory", Side::Inside, take_all_memory, VerdictKind::Broken, "bad_alloc"},
    Fault{"dies", Side::Inside, die, VerdictKind::Broken, "killed by SIGSEGV"},
    Fault{"kills", Side::Inside, kill_everyone, VerdictKind::Broken, "killed by SIGKILL"},
    Fault{"good_too", Side::Inside, behave, VerdictKind::Pass, ""},
};

class Misbehaviour : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = impossible({Kind::Uts}, privilege_)) GTEST_SKIP() << *why;
    adopt_orphans();
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    board = new (memory) Board;
    options_.jobs = 8;
    options_.times = {.stage = 3s * patience_here(), .whole = 4s * patience_here()};
    options_.most_processes = 400;
  }
  void TearDown() override {
    EXPECT_TRUE(soon([] {
      reap_children();
      return !has_children();
    })) << "processes are left";
    if (board != nullptr) ::munmap(board, sizeof(Board));
    board = nullptr;
  }

  void add(const char* name, Side side, Play play) {
    acts_.push_back(std::make_unique<Act>(Act{side, "act", play}));
    probes_.push_back(std::make_unique<Probe>(Probe{.family = "uts",
                                                    .name = name,
                                                    .sentence = "the test's own rule",
                                                    .source = "this file",
                                                    .first_kernel = "2.6.19",
                                                    .namespaces = {Kind::Uts},
                                                    .ways = all_ways,
                                                    .privileges = all_privileges,
                                                    .acts = {acts_.back().get(), 1},
                                                    .judge = judge_name}));
    plan_.checks.push_back({probes_.back().get(), {Method::Unshare, ""}, privilege_, false});
  }
  std::map<std::string, CaseResult> run() {
    run_plan(plan_, options_, Support::look(), report_);
    std::map<std::string, CaseResult> results;
    for (const CaseResult& one : report_.cases) results.emplace(one.id.name, one);
    return results;
  }

  Privilege privilege_ = possible_privilege();
  std::vector<std::unique_ptr<Act>> acts_;
  std::vector<std::unique_ptr<Probe>> probes_;
  Plan plan_;
  RunnerOptions options_;
  Report report_;
};

TEST_F(Misbehaviour, CostsACaseItsOwnVerdictAlone) {
  for (const Fault& fault : faults) add(fault.name, fault.side, fault.play);
  const std::map<std::string, CaseResult> results = run();
  ASSERT_EQ(results.size(), faults.size());
  for (const Fault& fault : faults) {
    const CaseResult& result = results.at(fault.name);
    EXPECT_EQ(id(result.verdict), id(fault.verdict)) << fault.name << ": " << result.observed;
    EXPECT_THAT(result.observed, HasSubstr(fault.observed)) << fault.name;
  }
  EXPECT_FALSE(report_.run.interrupted);
}

TEST_F(Misbehaviour, AStormAfterTheAnswerIsEndedAndNamed) {
  add("storm_later", Side::Outside, fork_storm_later);
  add("spins", Side::Inside, spin);  // so that the run goes on meanwhile
  const std::map<std::string, CaseResult> results = run();
  EXPECT_EQ(id(results.at("storm_later").verdict), "broken");
  EXPECT_THAT(results.at("storm_later").observed, HasSubstr("after it had answered"));
}

TEST_F(Misbehaviour, APhaseHasItsEndAndNamesWhatRan) {
  options_.jobs = 1;
  options_.timeout = 1s;
  options_.times = {.stage = 60s, .whole = 70s};
  add("spins", Side::Inside, spin);
  add("never", Side::Inside, behave);
  EXPECT_THAT(run(), ::testing::SizeIs(0));
  EXPECT_TRUE(report_.run.interrupted);
  ASSERT_EQ(report_.warnings.size(), 1U);
  EXPECT_EQ(report_.warnings.front().code, "deadline");
  EXPECT_THAT(report_.warnings.front().text,
              HasSubstr("given up after 1 s, 0 of 2 runs done; running then: uts/spins:unshare"));
}

// PID 1 ignores what it is sent from inside; whoever is above it can stop it.
TEST_F(Misbehaviour, AStoppedFirstProcessIsEnded) {
  add("spins", Side::Inside, spin);
  CheckRun run = CheckRun::start(plan_.checks.front(), Support::look(),
                                 {.stage = 60s, .whole = 1s * patience_here()});
  ASSERT_GT(run.pid(), 0);
  ASSERT_EQ(::kill(run.pid(), SIGSTOP), 0);
  const CaseResult result = run.finish();
  EXPECT_EQ(id(result.verdict), "broken");
  EXPECT_THAT(result.observed, HasSubstr("no result within"));
}

// Keeps a process from ending, until it ends itself: a tracer that does not let it out of its exit.
// Elsewhere a driver, or a broken kernel, does so.
Child hold(pid_t process) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Result<Child> tracer = Child::fork([process, told = ends[1]] {
    const bool holds = ::ptrace(PTRACE_SEIZE, process, nullptr, PTRACE_O_TRACEEXIT) == 0;
    if (::write(told, holds ? "y" : "n", 1) != 1) return 1;
    for (;;) ::pause();
  });
  ::close(ends[1]);
  char answer = 0;
  EXPECT_EQ(::read(ends[0], &answer, 1), 1);
  ::close(ends[0]);
  return answer == 'y' ? std::move(*tracer) : Child();
}

TEST_F(Misbehaviour, WhatTheKernelDoesNotEndIsNamedAndTheRunGoesOn) {
  add("held", Side::Inside, behave);
  add("good", Side::Inside, behave);
  options_.jobs = 1;
  Child tracer;
  options_.on_end = [&tracer](const CaseId& id) {
    const Result<std::string> children = read_small_file("/proc/thread-self/children");
    if (id.name == "held" && children) tracer = hold(std::stoi(*children));
  };
  const std::map<std::string, CaseResult> results = run();
  const bool held = tracer.running();
  tracer.kill();
  if (!held) GTEST_SKIP() << "processes can't be traced here";
  EXPECT_EQ(id(results.at("good").verdict), "pass");
  EXPECT_EQ(id(results.at("held").verdict), "broken");
  EXPECT_THAT(results.at("held").observed, HasSubstr("is not ended by SIGKILL"));
  ASSERT_EQ(report_.warnings.size(), 1U);
  EXPECT_EQ(report_.warnings.front().code, "not-killed");
  EXPECT_THAT(report_.warnings.front().text, HasSubstr("uts/held:unshare"));
}

TEST_F(Misbehaviour, MemoryIsTakenFromAnArenaFirst) {
  if (!read_small_file("/proc/self/oom_score_adj")) GTEST_SKIP() << "no /proc";
  const std::string said = in_arena(arena_for({Kind::Uts}, privilege_), [] {
    const Result<std::string> own = read_small_file("/proc/self/oom_score_adj");
    return own ? trimmed(*own) : own.error().str();
  });
  EXPECT_EQ(said, "1000");
}

}  // namespace
}  // namespace nsbench
