#include "probes/sandbox/support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

// A machine on which nothing stands in the way.
Support free_machine() {
  Support support;
  support.sys_admin = true;
  support.present = NamespaceSet::all();
  support.proc = true;
  support.release = {6, 1};
  return support;
}

Support with(void (*change)(Support&)) {
  Support support = free_machine();
  change(support);
  return support;
}

const Support unhindered = free_machine();
const Support userns_off = with([](Support& s) { s.userns_switch = "max_user_namespaces is 0"; });
const Support restricted = with([](Support& s) { s.userns_lsm = "apparmor restricts them"; });
const Support seccomp = with([](Support& s) { s.seccomp_filter = true; });
const Support chrooted = with([](Support& s) { s.chrooted = true; });
const Support unmapped = with([](Support& s) { s.ids_unmapped = true; });
const Support no_chroot_cap = with([](Support& s) { s.no_sys_chroot = true; });
const Support no_setfcap = with([](Support& s) { s.no_setfcap = true; });
const Support few_uts = with([](Support& s) { s.low_limits = {Kind::Uts}; });
const Support nested = with([](Support& s) { s.limits_hidden = true; });
const Support few_processes = with([](Support& s) { s.process_limit = "RLIMIT_NPROC is 9"; });
const Support killing = with([](Support& s) { s.filtered = {{"clone3", 0}}; });
const Support no_proc = with([](Support& s) { s.proc = false; });
const Support linux_5_2 = with([](Support& s) { s.release = {5, 2}; });
const Support linux_5_7 = with([](Support& s) { s.release = {5, 7}; });

constexpr std::optional<SkipReason> none;

struct Refusal {
  const char* step;
  int err;
  bool userns;
  const Support* where;
  std::optional<SkipReason> reason;
};

// Without evidence a refusal is the kernel's own: a skip must not hide it.
const Refusal refusals[] = {
    {"clone(CLONE_NEWUTS)", EPERM, false, &unhindered, none},
    {"the process killed by SIGSYS", 0, false, &unhindered, none},
    {"the process killed by SIGSYS", 0, false, &killing, SkipReason::Policy},
    {"the process killed by SIGSEGV", 0, false, &killing, none},
    {"receive from peer", ECONNRESET, false, &unhindered, none},
    {"receive from peer", ECONNRESET, false, &killing, SkipReason::Policy},
    {"mount(proc)", ENOENT, false, &unhindered, none},
    {"mount(proc)", ENOENT, false, &no_proc, SkipReason::Policy},
    {"mkdir(/x)", ENOENT, false, &no_proc, none},
    {"clone(CLONE_NEWUSER)", EPERM, true, &unhindered, none},
    {"clone(CLONE_NEWUSER)", EACCES, true, &unhindered, none},
    {"clone3(CLONE_NEWUTS)", ENOSYS, false, &unhindered, none},
    {"unshare(CLONE_NEWUTS)", EINVAL, false, &unhindered, none},
    {"setns(pidfd, CLONE_NEWUTS)", EINVAL, false, &unhindered, none},
    {"clone(CLONE_NEWUTS)", ENOMEM, false, &unhindered, none},
    {"clone(CLONE_NEWUTS)", 0, false, &unhindered, none},

    {"clone(CLONE_NEWUSER)", EPERM, true, &userns_off, SkipReason::UserNamespacesOff},
    {"clone(CLONE_NEWUSER)", EACCES, true, &userns_off, SkipReason::UserNamespacesOff},
    {"clone(CLONE_NEWUSER)", ENOSPC, true, &userns_off, SkipReason::UserNamespacesOff},
    {"clone(CLONE_NEWUTS)", EPERM, false, &userns_off, none},
    {"clone(CLONE_NEWUTS)", ENOSPC, false, &userns_off, none},

    {"mount(/, MS_REC|MS_PRIVATE)", EPERM, true, &restricted, SkipReason::Policy},
    {"write(/proc/self/uid_map, \"0 0 1\")", EACCES, true, &restricted, SkipReason::Policy},
    {"clone(CLONE_NEWUTS)", EPERM, false, &restricted, none},

    {"clone3(CLONE_NEWUTS)", ENOSYS, false, &seccomp, SkipReason::Policy},
    {"unshare(CLONE_NEWUTS)", EPERM, false, &seccomp, SkipReason::Policy},
    {"unshare(CLONE_NEWUSER)", EPERM, true, &seccomp, SkipReason::Policy},
    {"unshare(CLONE_NEWUTS)", EINVAL, false, &seccomp, none},

    {"clone(CLONE_NEWUSER)", EPERM, true, &chrooted, SkipReason::Policy},
    {"clone(CLONE_NEWUTS)", EPERM, false, &chrooted, none},
    {"mount(/, MS_REC|MS_PRIVATE)", EINVAL, false, &chrooted, SkipReason::Policy},
    {"mount(/, MS_REC|MS_PRIVATE)", EINVAL, false, &unhindered, none},
    {"unshare(CLONE_NEWUTS)", EINVAL, false, &chrooted, none},

    {"clone(CLONE_NEWUSER)", EPERM, true, &unmapped, SkipReason::NoPrivilege},
    {"clone(CLONE_NEWUTS)", EPERM, false, &unmapped, none},

    {"setns(fd, CLONE_NEWNS)", EPERM, false, &no_chroot_cap, SkipReason::NoPrivilege},
    {"setns(pidfd, CLONE_NEWPID|CLONE_NEWNS)", EPERM, false, &no_chroot_cap,
     SkipReason::NoPrivilege},
    {"setns(fd, CLONE_NEWUTS)", EPERM, false, &no_chroot_cap, none},
    {"setns(fd, CLONE_NEWNS)", EPERM, true, &no_chroot_cap, none},
    {"unshare(CLONE_NEWNS)", EPERM, false, &no_chroot_cap, none},

    {"write(/proc/self/uid_map, \"1000 0 1\")", EPERM, true, &no_setfcap, SkipReason::NoPrivilege},
    {"clone(CLONE_NEWUSER)", EPERM, true, &no_setfcap, none},

    {"clone(CLONE_NEWUTS)", ENOSPC, false, &unhindered, none},
    {"clone(CLONE_NEWUTS)", ENOSPC, false, &few_uts, SkipReason::Limit},
    {"clone(CLONE_NEWIPC)", ENOSPC, false, &few_uts, none},
    {"clone(CLONE_NEWIPC)", ENOSPC, false, &nested, SkipReason::Limit},
    {"unshare(CLONE_NEWUSER)", EUSERS, true, &unhindered, none},
    {"unshare(CLONE_NEWUSER)", EUSERS, true, &nested, SkipReason::Limit},
    {"clone(CLONE_NEWUTS)", EAGAIN, false, &unhindered, none},
    {"clone(CLONE_NEWUTS)", EAGAIN, false, &few_processes, SkipReason::Limit},

    {"clone3(CLONE_NEWUTS)", ENOSYS, false, &linux_5_2, SkipReason::KernelTooOld},
    {"pidfd_open(self)", ENOSYS, false, &linux_5_2, SkipReason::KernelTooOld},
    {"setns(pidfd, CLONE_NEWUTS)", EINVAL, false, &linux_5_7, SkipReason::KernelTooOld},
    {"setns(fd, CLONE_NEWUTS)", EINVAL, false, &linux_5_7, none},
    {"clone3(CLONE_NEWUTS)", ENOSYS, false, &linux_5_7, none},
};

TEST(Support, ARefusalIsASkipOnlyWithEvidence) {
  for (const Refusal& r : refusals) {
    const Error error{r.step, r.err};
    const std::optional<Skip> skip = r.where->explain(error, r.userns);
    const std::string what = error.str() + (r.userns ? " (userns)" : "");
    ASSERT_EQ(skip.has_value(), r.reason.has_value()) << what;
    if (!skip) continue;
    EXPECT_EQ(id(skip->reason), id(*r.reason)) << what;
    EXPECT_THAT(skip->text, HasSubstr(error.str())) << "the refusal itself is not named";
  }
}

TEST(Support, AKindWithoutItsFileIsMissing) {
  Support support = free_machine();
  support.present = NamespaceSet::all() - NamespaceSet{Kind::Time};
  EXPECT_FALSE(support.missing({Kind::Uts}, Privilege::Root));
  const std::optional<Skip> skip = support.missing({Kind::Uts, Kind::Time}, Privilege::Root);
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::NoNamespace);
  EXPECT_THAT(skip->text, HasSubstr("/proc/self/ns has no time "));
}

// Whoever makes an arena must not be the one that the filter ends.
TEST(Support, ACallThatAFilterKillsForIsNotTriedByTheHarness) {
  EXPECT_FALSE(killing.missing({Kind::Uts}, Privilege::Root));
  const auto skip = killing.missing({Kind::Uts, Kind::Time}, Privilege::Root);
  ASSERT_TRUE(skip);
  EXPECT_EQ(skip->reason, SkipReason::Policy);
}

TEST(Support, TheUnprivilegedNeedUserNamespaces) {
  Support support = free_machine();
  support.present = NamespaceSet::all() - NamespaceSet{Kind::User};
  EXPECT_FALSE(support.missing({Kind::Uts}, Privilege::Root));
  ASSERT_TRUE(support.missing({Kind::Uts}, Privilege::Userns));
  EXPECT_EQ(support.missing({Kind::Uts}, Privilege::Userns)->reason, SkipReason::NoNamespace);
}

TEST(Support, WithoutProcNoKindIsSaidToBeMissing) {
  Support support = free_machine();
  support.present = {};
  support.proc = false;
  EXPECT_FALSE(support.missing(NamespaceSet::all(), Privilege::Root));
}

TEST(Support, RootNeedsCapSysAdmin) {
  Support support = free_machine();
  support.sys_admin = false;
  ASSERT_TRUE(support.missing({Kind::Uts}, Privilege::Root));
  EXPECT_EQ(support.missing({Kind::Uts}, Privilege::Root)->reason, SkipReason::NoPrivilege);
  EXPECT_FALSE(support.missing({Kind::Uts}, Privilege::Userns));
}

TEST(KernelRelease, ReadsMajorAndMinor) {
  EXPECT_EQ(KernelRelease::parse("6.18.44-fc-v657"), (KernelRelease{6, 18}));
  EXPECT_EQ(KernelRelease::parse("5.15.0-91-generic"), (KernelRelease{5, 15}));
  EXPECT_EQ(KernelRelease::parse("7.0-rc1"), (KernelRelease{7, 0}));
  EXPECT_EQ(KernelRelease::parse("4.19"), (KernelRelease{4, 19}));
  for (const char* bad :
       {"", "linux", "6", "6.x", "6.-1", "-6.1", " 6.1", "6.99999999999", "99999999999.1"}) {
    EXPECT_EQ(KernelRelease::parse(bad), KernelRelease{}) << bad;
  }
}

TEST(KernelRelease, ComparesAsNumbers) {
  EXPECT_LT((KernelRelease{5, 9}), (KernelRelease{5, 10}));
  EXPECT_LT((KernelRelease{5, 19}), (KernelRelease{6, 0}));
  EXPECT_GT(KernelRelease::running(), (KernelRelease{2, 6}));
}

TEST(IsNamespaceCall, TellsTheCallsUnderTestFromOurOwnTrouble) {
  for (const char* step : {"clone(CLONE_NEWUTS)", "clone3(CLONE_NEWUTS)", "unshare(CLONE_NEWUTS)",
                           "setns(fd, CLONE_NEWUTS)"}) {
    EXPECT_TRUE(is_namespace_call(Error{step, EPERM})) << step;
  }
  for (const char* step : {"", "fork", "mount(proc)", "clone", "setns", "pidfd_open(self)",
                           "write(/proc/self/uid_map, \"0 0 1\")"}) {
    EXPECT_FALSE(is_namespace_call(Error{step, EPERM})) << step;
  }
}

}  // namespace
}  // namespace nsbench
