// One check, with probes made for the test: whatever an act does, the verdict names it.
#include "probes/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/testing/call_filter.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"

namespace nsbench {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr const char* new_name = "nsb-test";

void rename_host(Scene& s) { s.seen.call("sethostname", ::sethostname(new_name, 8)); }
void look(Scene& s) {
  const Result<std::string> name = read_small_file("/proc/sys/kernel/hostname");
  s.seen.text("name", name ? trimmed(*name) : name.error().str());
}
void crash(Scene&) { __builtin_trap(); }
void leave(Scene&) { ::_exit(9); }
void hang(Scene&) {
  for (;;) ::pause();
}
void throw_something(Scene&) { throw std::runtime_error("on purpose"); }
void see_too_much(Scene& s) { s.seen.text("much", std::string(Channel::max_message, 'x')); }
void skip(Scene& s) { s.skip(SkipReason::NoFeature, "not today"); }
void break_down(Scene& s) { s.broken("the test's own doing"); }
void lose_privilege(Scene& s) {
  if (const Status dropped = drop_privilege(); !dropped) s.broken(dropped.error().str());
}
void filter_clone(Scene& s) {
  if (const Status filtered = refuse(Method::Clone, EPERM); !filtered) {
    s.broken(filtered.error().str());
  }
}
void forbid_namespaces(Scene& s) {
  if (const Status w = write_small_file("/proc/sys/user/max_uts_namespaces", "0"); !w) {
    s.broken(w.error().str());
  }
}

Judgement judge_name(const Transcript& t) {
  Judgement j;
  j.works_errno("sethostname works", t.at("inside").errno_of("sethostname"));
  j.isolated_differ("the name is not seen outside", new_name, t.at("outside").text_of("name"));
  return j;
}
// Says "isolated" whatever was seen: a check that can't fail.
Judgement judge_nothing(const Transcript&) {
  Judgement j;
  j.isolated("nothing is looked at", "", "", true);
  return j;
}

// Three acts: one outside, one inside, and one outside.
Probe probe_of(const std::array<Act, 3>& acts, Judgement (*judge)(const Transcript&)) {
  return {.family = "uts",
          .name = "test",
          .sentence = "the test's own rule",
          .source = "this file",
          .first_kernel = "2.6.19",
          .namespaces = {Kind::Uts},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts,
          .judge = judge,
          .look = [](Observation&) {}};
}

using Play = void (*)(Scene&);

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = impossible({Kind::Uts}, privilege)) GTEST_SKIP() << *why;
    adopt_orphans();
  }
  CaseResult result_of(Play first, Play inside, Play last, bool control = false,
                       const CheckTimes& times = {}) {
    const std::array acts{Act{Side::Outside, "first", first}, Act{Side::Inside, "inside", inside},
                          Act{Side::Outside, "outside", last}};
    const Probe probe = probe_of(acts, judge);
    CaseResult result = check({&probe, {Method::Clone, ""}, privilege, control}, support, times);
    EXPECT_FALSE(has_children()) << "a check left a process";
    return result;
  }
  CaseResult with_inside(Play inside, const CheckTimes& times = {}) {
    return result_of(look, inside, look, false, times);
  }
  CaseResult with_outside(Play last, const CheckTimes& times = {}) {
    return result_of(look, rename_host, last, false, times);
  }

  Privilege privilege = possible_privilege();
  Support support = Support::look();
  Judgement (*judge)(const Transcript&) = judge_name;
};

void expect(const CaseResult& result, VerdictKind verdict, const std::string& observed) {
  EXPECT_EQ(id(result.verdict), id(verdict));
  EXPECT_THAT(result.observed, HasSubstr(observed));
}

TEST_F(CheckTest, PassesWhereTheKernelIsolates) {
  const CaseResult result = result_of(look, rename_host, look);
  EXPECT_EQ(id(result.verdict), "pass") << result.observed;
  EXPECT_EQ(result.statements.size(), 2U);
  EXPECT_EQ(result.namespaces, std::vector<std::string>{"uts"});
}

TEST_F(CheckTest, TheControlPassesBecauseItLeaks) {
  const CaseResult result = result_of(look, rename_host, look, true);
  EXPECT_EQ(id(result.verdict), "pass") << result.observed;
  EXPECT_TRUE(result.namespaces.empty());
  EXPECT_TRUE(result.id.control);
}

TEST_F(CheckTest, AControlThatDoesNotLeakIsBrokenAndNeverFails) {
  judge = judge_nothing;
  EXPECT_EQ(id(result_of(look, rename_host, look, true).verdict), "broken");
}

TEST_F(CheckTest, ACrashIsNamed) {
  expect(with_inside(crash), VerdictKind::Broken,
         "act \"inside\" inside: its process killed by SIGILL");
  expect(with_inside(leave), VerdictKind::Broken, "its process exited with 9");
  expect(with_outside(crash), VerdictKind::Broken, "the arena's first process killed by SIGILL");
}

// By every way in: no other process may keep the dead one's channel open.
TEST_F(CheckTest, ACrashIsNoticedAtOnceByEveryWay) {
  const std::array acts{Act{Side::Outside, "first", look}, Act{Side::Inside, "inside", crash},
                        Act{Side::Outside, "outside", look}};
  const Probe probe = probe_of(acts, judge);
  for (const Way& way : all_ways) {
    const CaseResult result = check({&probe, way, privilege, false}, Support::look());
    expect(result, VerdictKind::Broken, "its process killed by SIGILL");
  }
}

TEST_F(CheckTest, AnExceptionIsNamed) {
  expect(with_inside(throw_something), VerdictKind::Broken,
         "act \"inside\" inside: it threw: on purpose");
  expect(with_outside(throw_something), VerdictKind::Broken,
         "act \"outside\" outside: it threw: on purpose");
}

TEST_F(CheckTest, AHangIsCutShortAndNamed) {
  using namespace std::chrono_literals;
  const CheckTimes short_times{.stage = 300ms, .whole = 600ms};
  expect(with_inside(hang, short_times), VerdictKind::Broken,
         "act \"inside\" inside: it hung past its deadline");
  expect(with_outside(hang, short_times), VerdictKind::Broken, "no result within 0.6 s");
}

TEST_F(CheckTest, AnOverlongObservationIsNamed) {
  expect(with_inside(see_too_much), VerdictKind::Broken,
         "act \"inside\" inside: what it saw can't be sent");
  expect(with_outside(see_too_much), VerdictKind::Broken, "over the channel's 65536");
}

TEST_F(CheckTest, ASkipKeepsItsReason) {
  for (const CaseResult& result : {with_inside(skip), with_outside(skip)}) {
    expect(result, VerdictKind::Skip, "not today");
    EXPECT_EQ(result.skip, SkipReason::NoFeature);
    EXPECT_TRUE(result.statements.empty());
  }
}

TEST_F(CheckTest, WhatTheProbeItselfBreaksIsNoFail) {
  expect(with_inside(break_down), VerdictKind::Broken, "the test's own doing");
  expect(with_outside(break_down), VerdictKind::Broken, "the test's own doing");
}

TEST_F(CheckTest, ARefusalWithoutEvidenceIsTheKernels) {
  support.seccomp_filter = false;  // where the tests run in a container, that would be evidence
  const CaseResult result = result_of(lose_privilege, rename_host, look);
  expect(result, VerdictKind::Fail, "clone(CLONE_NEWUTS): EPERM");
  EXPECT_EQ(result.err, EPERM);
  EXPECT_THAT(result.expected, HasSubstr("uts by clone as"));
}

TEST_F(CheckTest, ARefusedControlNeverFails) {
  expect(result_of(filter_clone, rename_host, look, true), VerdictKind::Broken, "clone(0): EPERM");
}

TEST_F(CheckTest, ARefusalWithEvidenceIsASkip) {
  if (const auto why = impossible({Kind::Uts}, Privilege::Userns)) GTEST_SKIP() << *why;
  privilege = Privilege::Userns;  // a user namespace of its own, whose limits are its own
  support.low_limits = {Kind::Uts};
  const CaseResult result = result_of(forbid_namespaces, rename_host, look);
  expect(result, VerdictKind::Skip, "clone(CLONE_NEWUTS): ENOSPC");
  EXPECT_EQ(result.skip, SkipReason::Limit);
}

// Acts that make user namespaces themselves, where there can be none.
TEST_F(CheckTest, ALimitOfNoUserNamespacesExcusesActsThatMakeThem) {
  const auto refused = [](Scene& s) { s.seen.result("sethostname", ENOSPC); };
  expect(result_of(look, refused, look), VerdictKind::Fail, "ENOSPC");
  support.userns_switch = "/proc/sys/user/max_user_namespaces is 0";
  const CaseResult result = result_of(look, refused, look);
  expect(result, VerdictKind::Skip, "max_user_namespaces is 0");
  EXPECT_EQ(result.skip, SkipReason::UserNamespacesOff);
  const auto denied = [](Scene& s) { s.seen.result("sethostname", EPERM); };
  expect(result_of(look, denied, look), VerdictKind::Fail, "EPERM");
}

// A count that the kernel lost must not hide behind a limit that nobody reached.
TEST_F(CheckTest, ALimitWithoutEvidenceIsAFailure) {
  if (const auto why = impossible({Kind::Uts}, Privilege::Userns)) GTEST_SKIP() << *why;
  privilege = Privilege::Userns;
  support.low_limits = {};
  support.limits_hidden = false;
  expect(result_of(forbid_namespaces, rename_host, look), VerdictKind::Fail,
         "clone(CLONE_NEWUTS): ENOSPC");
}

TEST_F(CheckTest, WhatIsMissingBeforehandIsASkip) {
  support.present = support.present - NamespaceSet{Kind::Uts};
  const Probe* probe = find_probe("uts/hostname");
  CheckRun run = CheckRun::start({probe, {Method::Clone, ""}, privilege, false}, support);
  EXPECT_EQ(run.fd(), -1);
  expect(run.finish(), VerdictKind::Skip, "/proc/self/ns has no uts");
}

TEST_F(CheckTest, KindsOfTheArenaAreNeededToo) {
  support.present = support.present - NamespaceSet{Kind::Ipc};
  const std::array acts{Act{Side::Inside, "inside", look}, Act{Side::Outside, "first", look},
                        Act{Side::Outside, "outside", look}};
  Probe probe = probe_of(acts, judge);
  probe.arena = {Kind::Ipc, Kind::User};
  const auto result = [&] {
    return CheckRun::start({&probe, {Method::Clone, ""}, privilege, false}, support).finish();
  };
  expect(result(), VerdictKind::Skip, "/proc/self/ns has no ipc");
  probe.arena_if_present = true;
  EXPECT_NE(result().verdict, VerdictKind::Skip);
}

TEST_F(CheckTest, DestroyingARunKillsItsArena) {
  const std::array acts{Act{Side::Inside, "inside", hang}, Act{Side::Outside, "first", look},
                        Act{Side::Outside, "outside", look}};
  const Probe probe = probe_of(acts, judge);
  {
    const CheckRun one = CheckRun::start({&probe, {Method::Clone3, ""}, privilege, false}, support);
    const CheckRun two = CheckRun::start({&probe, {Method::Setns, ""}, privilege, false}, support);
    EXPECT_TRUE(has_children());
  }
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace nsbench
