#include "probes/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/limits.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;

CaseResult result_of(VerdictKind verdict, std::vector<Statement> statements,
                     const char* id = "mnt/pivot_root:unshare:userns") {
  CaseResult result;
  result.id = *CaseId::parse(id);
  result.verdict = verdict;
  if (!statements.empty()) result.observed = statements.front().observed;
  result.statements = std::move(statements);
  return result;
}

Statement works(const char* observed) {
  return {Statement::Kind::Works, "a legal act", "success", observed, false, errno_value(observed)};
}

Statement leak() { return {Statement::Kind::Isolation, "not seen", "'a'", "'b'", false, 0}; }

Statement rule(const char* observed) {
  return {Statement::Kind::Rule, "must be EPERM", "EPERM", observed, false, errno_value(observed)};
}

Support undisturbed() {
  Support support;
  support.proc = true;
  support.sys_admin = true;
  return support;
}

Support filtered(const char* call, int err) {
  Support support = undisturbed();
  support.seccomp_filter = true;
  support.filtered.push_back({call, err});
  return support;
}

TEST(Refusal, ALegalActThatAFilterRefusesIsASkip) {
  const auto skip = refused_here(result_of(VerdictKind::Fail, {works("EPERM")}), {},
                                 filtered("pivot_root", EPERM));
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Policy);
  EXPECT_THAT(skip->text, HasSubstr("pivot_root"));
}

TEST(Refusal, WithoutEvidenceItIsNone) {
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {works("EPERM")}), {}, undisturbed()));
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Broken, {}), {}, undisturbed()));
}

// The heart of it: a filter, a limit or a missing right makes no leak good.
TEST(Refusal, ALeakStaysAndSoDoesACallThatShouldHaveBeenRefused) {
  Support everything = filtered("mount", EPERM);
  everything.low_limits = {Kind::Uts};
  everything.process_limit = "RLIMIT_NPROC is 4";
  everything.proc = false;
  for (const Statement& one : {leak(), rule("success")}) {
    EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {one}), {}, everything));
    EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {one}, "mnt/pivot_root:unshare:root"),
                              {}, everything));
  }
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Pass, {}), {}, everything));
}

TEST(Refusal, WhatMasksOfProcAnsweredIsASkipInAUserNamespaceAlone) {
  const Masks masked{.proc = "/proc/kcore is mounted over", .sys = "/sys is read-only"};
  const auto judged = [&masked](Statement one, const char* id) {
    return refused_here(result_of(VerdictKind::Fail, {std::move(one)}, id), {}, undisturbed(),
                        masked);
  };
  const Statement rule_of_proc{Statement::Kind::Rule,
                               "uid_map read outside names the same",
                               "'1000 0 1'",
                               "'open(/proc/2/uid_map): ENOENT'",
                               false,
                               0};
  const auto skip = judged(rule_of_proc, "user/map_view:clone:userns");
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Policy);
  EXPECT_THAT(skip->text, HasSubstr("no /proc of its own can be mounted here: /proc/kcore"));
  EXPECT_FALSE(judged(rule_of_proc, "user/map_view:clone:root"));
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {rule_of_proc}), {}, undisturbed(), {}));
  // Others are judged there as anywhere.
  EXPECT_FALSE(judged(leak(), "uts/hostname:clone:userns"));
  EXPECT_FALSE(judged(works("ENOENT"), "mnt/pivot_root:clone:userns"));

  EXPECT_TRUE(judged(works("EPERM"), "net/sysfs_mounter:clone:userns"));
  EXPECT_FALSE(judged(works("EPERM"), "net/link_moves:clone:root"));
}

TEST(Refusal, AReadOnlyProcSysIsNoAnswerToARule) {
  const Masks masked{.proc_sys_read_only = true};
  const auto result = result_of(VerdictKind::Fail, {rule("EROFS")}, "ipc/sysctl_owner:clone:root");
  const auto skip = refused_here(result, {}, undisturbed(), masked);
  ASSERT_TRUE(skip);
  EXPECT_THAT(skip->text, HasSubstr("/proc/sys is read-only here"));
  EXPECT_FALSE(refused_here(result, {}, undisturbed(), {}));
}

// In a thread, since capabilities are a thread's.
std::optional<Skip> without(int capability, const char* id, Statement one) {
  std::optional<Skip> skip;
  std::thread([&] {
    if (!keep_capabilities(CapabilitySet::all() - CapabilitySet{capability})) return;
    skip = refused_here(result_of(VerdictKind::Fail, {std::move(one)}, id), {}, undisturbed());
  }).join();
  return skip;
}

TEST(Refusal, AMissingCapabilityExcusesWhatNeedsIt) {
  const auto owner = without(CAP_IPC_OWNER, "ipc/ipc_owner:unshare:root", works("EACCES"));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->reason, SkipReason::NoPrivilege);
  EXPECT_THAT(owner->text, HasSubstr("CAP_IPC_OWNER"));
  EXPECT_TRUE(without(CAP_NET_ADMIN, "net/addresses:clone:root", works("EPERM")));
  EXPECT_TRUE(
      without(CAP_SYS_CHROOT, "mnt/identity:setns:root", works("setns(fd, CLONE_NEWNS): EPERM")));
  EXPECT_TRUE(without(CAP_SETFCAP, "ipc/shm_lifetime:unshare:root", works("'(not seen)'")));
}

TEST(Refusal, AMissingCapabilityExcusesNothingElse) {
  EXPECT_FALSE(without(CAP_KILL, "ipc/ipc_owner:unshare:root", works("EACCES")));
  EXPECT_FALSE(without(CAP_SYS_CHROOT, "mnt/identity:unshare:root", works("EPERM")));
  EXPECT_FALSE(without(CAP_SYS_RESOURCE, "pid/pid_one:clone:root", works("EPERM")));
  EXPECT_FALSE(without(CAP_NET_ADMIN, "net/addresses:clone:userns", works("EPERM")));
  EXPECT_FALSE(without(CAP_NET_ADMIN, "net/addresses:clone:root", leak()));
}

TEST(Refusal, WhatAFilterKilledIsNamed) {
  CaseResult broken = result_of(VerdictKind::Broken, {});
  broken.observed = "act \"a\" inside: its process killed by SIGSYS";
  const auto skip = refused_here(broken, {}, filtered("setns", 0));
  ASSERT_TRUE(skip);
  EXPECT_THAT(skip->text, HasSubstr("setns"));
}

TEST(Refusal, AFullLimitOfAKind) {
  Support support = undisturbed();
  support.low_limits = {Kind::Uts};
  const auto skip = refused_here(result_of(VerdictKind::Fail, {works("ENOSPC")}), {}, support);
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Limit);
  EXPECT_THAT(skip->text, HasSubstr("max_uts_namespaces"));
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {works("EINVAL")}), {}, support));
}

TEST(Refusal, NoRoomForAProcessIsNoAnswerToARule) {
  Support support = undisturbed();
  EXPECT_FALSE(refused_here(result_of(VerdictKind::Fail, {rule("EAGAIN")}), {}, support));
  support.process_limit = "RLIMIT_NPROC is 40";
  const auto skip = refused_here(result_of(VerdictKind::Fail, {rule("EAGAIN")}), {}, support);
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Limit);
}

TEST(Refusal, WithoutProc) {
  Support support = undisturbed();
  support.proc = false;
  CaseResult broken = result_of(VerdictKind::Broken, {});
  broken.observed = "act \"a\" outside: open(/proc/self/fdinfo/3): ENOENT";
  const auto skip = refused_here(broken, {}, support);
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Policy);
}

TEST(LowLimits, AreNamedWhereTheyExplainTheErrno) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(low_limit_behind(EMFILE, {}), "RLIMIT_NOFILE is 64");
  EXPECT_EQ(low_limit_behind(ENOENT, {}), "");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  Support support;
  EXPECT_EQ(low_limit_behind(EAGAIN, support), "");
  support.process_limit = "RLIMIT_NPROC is 4";
  EXPECT_EQ(low_limit_behind(EAGAIN, support), "RLIMIT_NPROC is 4");
}

}  // namespace
}  // namespace nsbench
