#include "suites/doctor/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <numeric>

namespace nsbench::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Root of a machine where nothing is in the way.
Evidence healthy() {
  Evidence seen;
  seen.support.sys_admin = true;
  seen.support.proc = true;
  seen.support.present = NamespaceSet::all();
  seen.support.release = {6, 1};
  seen.release = "6.1.0-test";
  seen.environment.initial_user_namespace = true;
  seen.cases = 100;
  return seen;
}

Evidence unprivileged() {
  Evidence seen = healthy();
  seen.support.sys_admin = false;
  seen.environment.uid = 1000;
  return seen;
}

Lost lost(std::string probe, Privilege privilege, SkipReason reason, std::string text,
          int cases = 5) {
  return {.probe = std::move(probe),
          .privilege = privilege,
          .reason = reason,
          .text = std::move(text),
          .cases = cases};
}

// The one finding of this id.
Finding finding(const Diagnosis& diagnosis, std::string_view id) {
  for (const Finding& one : diagnosis.findings) {
    if (one.id == id) return one;
  }
  ADD_FAILURE() << "no finding " << id << " in\n" << to_text(diagnosis, 100);
  return {};
}

TEST(Diagnosis, OfAHealthyMachineIsEmpty) {
  const Diagnosis diagnosis = diagnose(healthy());
  EXPECT_TRUE(diagnosis.findings.empty());
  EXPECT_EQ(diagnosis.lost, 0);
  EXPECT_THAT(to_text(diagnosis, 80), HasSubstr("nothing stands in the way"));
}

TEST(Diagnosis, WithoutRootNamesSudo) {
  Evidence seen = unprivileged();
  seen.lost = {lost("uts/hostname", Privilege::Root, SkipReason::NoPrivilege,
                    "this process has no CAP_SYS_ADMIN")};
  const Finding root = finding(diagnose(seen), "not-root");
  EXPECT_EQ(root.lift, "sudo nsbench");
  EXPECT_EQ(root.cases, 5);
  EXPECT_THAT(root.families, ElementsAre("uts"));
}

TEST(Diagnosis, NamesTheSysctlThatForbidsUserNamespaces) {
  Evidence seen = unprivileged();
  seen.userns = Error{"unshare(CLONE_NEWUSER)", ENOSPC};
  seen.support.userns_switch = "/proc/sys/user/max_user_namespaces is 0";
  seen.lost = {lost("uts/hostname", Privilege::Userns, SkipReason::UserNamespacesOff, "off")};
  const Finding off = finding(diagnose(seen), "userns-sysctl");
  EXPECT_EQ(off.lift, "sudo sysctl -w user.max_user_namespaces=15000");
  EXPECT_THAT(off.evidence, HasSubstr("unshare(CLONE_NEWUSER): ENOSPC"));
  EXPECT_EQ(off.cases, 5);

  seen.userns->err = EPERM;
  seen.support.userns_switch = "/proc/sys/kernel/unprivileged_userns_clone is 0";
  EXPECT_EQ(finding(diagnose(seen), "userns-sysctl").lift,
            "sudo sysctl -w kernel.unprivileged_userns_clone=1");
}

TEST(Diagnosis, ASwitchThatRefusesNothingIsNoFinding) {
  Evidence seen = healthy();
  seen.support.userns_lsm = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns is 1";
  EXPECT_TRUE(diagnose(seen).findings.empty());
}

TEST(Diagnosis, NamesAppArmor) {
  Evidence seen = unprivileged();
  seen.userns = Error{"sethostname() inside", EPERM};
  seen.support.userns_lsm = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns is 1";
  seen.lost = {
      lost("uts/hostname", Privilege::Userns, SkipReason::Policy,
           "write(uid_map): EPERM (/proc/sys/kernel/apparmor_restrict_unprivileged_userns is 1)")};
  const Finding lsm = finding(diagnose(seen), "userns-lsm");
  EXPECT_THAT(lsm.lift, HasSubstr("kernel.apparmor_restrict_unprivileged_userns=0"));
  EXPECT_EQ(lsm.cases, 5);
}

TEST(Diagnosis, OfASeccompFilterDependsOnWhoSetIt) {
  Evidence seen = healthy();
  seen.support.seccomp_filter = true;
  EXPECT_TRUE(diagnose(seen).findings.empty()) << "a filter that refuses nothing we need";
  seen.ways = {{"unshare", {"unshare(CLONE_NEWUTS)", EPERM}}};
  seen.lost = {lost("uts/hostname", Privilege::Root, SkipReason::Policy,
                    "unshare(CLONE_NEWUTS): EPERM (a seccomp filter is active)", 1)};
  const Finding service = finding(diagnose(seen), "seccomp");
  EXPECT_EQ(service.lift, "");
  EXPECT_THAT(service.evidence, HasSubstr("unshare(CLONE_NEWUTS): EPERM"));
  seen.container = "docker";
  EXPECT_THAT(finding(diagnose(seen), "seccomp").lift, HasSubstr("seccomp=unconfined"));
}

TEST(Diagnosis, NamesTheOptionOfAMissingNamespaceOrTheKernelThatHasIt) {
  Evidence seen = healthy();
  seen.support.present = NamespaceSet::all() - NamespaceSet{Kind::Time};
  seen.lost = {lost("time/clocks", Privilege::Root, SkipReason::NoNamespace,
                    "/proc/self/ns has no time (CONFIG_NAMESPACES and its kind's option)")};
  const Finding built = finding(diagnose(seen), "no-time-namespace");
  EXPECT_EQ(built.lift, "");
  EXPECT_THAT(built.advice, HasSubstr("CONFIG_TIME_NS"));
  EXPECT_EQ(built.cases, 5);
  seen.support.release = {5, 4};
  EXPECT_THAT(finding(diagnose(seen), "no-time-namespace").advice, HasSubstr("Linux 5.6"));
}

TEST(Diagnosis, NamesALimitThatIsZeroOrUsedUp) {
  Evidence seen = healthy();
  seen.kinds = {{"net", {"unshare(CLONE_NEWNET)", ENOSPC}}};
  seen.environment.limits["user.max_net_namespaces"] = 0;
  seen.lost = {lost("net/interfaces", Privilege::Root, SkipReason::Limit,
                    "unshare(CLONE_NEWNET): ENOSPC (a user.max_*_namespaces limit)")};
  const Finding zero = finding(diagnose(seen), "net-limit");
  EXPECT_THAT(zero.what, HasSubstr("switched off"));
  EXPECT_EQ(zero.lift, "sysctl -w user.max_net_namespaces=15000");
  EXPECT_EQ(zero.cases, 5);
  seen.environment.limits["user.max_net_namespaces"] = 7;
  EXPECT_THAT(finding(diagnose(seen), "net-limit").what, HasSubstr("used up"));
}

TEST(Diagnosis, NamesModulesAndWhetherTheyAreThere) {
  Evidence seen = healthy();
  seen.module_on_disk = {{"veth", true}, {"nf_tables", false}};
  seen.lost = {lost("net/veth", Privilege::Root, SkipReason::NoModule,
                    "the kernel knows no link of kind veth; modprobe veth makes it"),
               lost("net/tables", Privilege::Root, SkipReason::NoModule,
                    "nftables needs the module nf_tables, which is not loaded")};
  const Diagnosis diagnosis = diagnose(seen);
  EXPECT_EQ(finding(diagnosis, "module-veth").lift, "modprobe veth");
  EXPECT_EQ(finding(diagnosis, "module-nf_tables").lift, "");
  EXPECT_THAT(finding(diagnosis, "module-nf_tables").advice, HasSubstr("/lib/modules/6.1.0-test"));
}

TEST(Diagnosis, NamesTheModuleOfAFilesystemAndTheOptionOfAMount) {
  Evidence seen = unprivileged();
  seen.lost = {lost("mnt/overlay", Privilege::Root, SkipReason::NoModule,
                    "/proc/filesystems has no overlay"),
               lost("cgroup/delegation", Privilege::Root, SkipReason::NoFeature,
                    "cgroup2 is mounted without nsdelegate here: rw")};
  const Diagnosis diagnosis = diagnose(seen);
  EXPECT_EQ(finding(diagnosis, "module-overlay").lift, "sudo modprobe overlay");
  EXPECT_EQ(finding(diagnosis, "no-nsdelegate").lift,
            "sudo mount -o remount,nsdelegate /sys/fs/cgroup");
}

TEST(Diagnosis, NamesEachMissingCapabilityWithWhatItCosts) {
  Evidence seen = healthy();
  seen.environment.missing_capabilities = "CAP_SYS_CHROOT, CAP_SYS_RESOURCE";
  seen.lost = {lost("mnt/setns", Privilege::Root, SkipReason::NoPrivilege,
                    "setns(CLONE_NEWNS): EPERM (this process has no CAP_SYS_CHROOT)")};
  const Diagnosis diagnosis = diagnose(seen);
  EXPECT_EQ(finding(diagnosis, "no-CAP_SYS_CHROOT").cases, 5);
  EXPECT_EQ(finding(diagnosis, "no-CAP_SYS_RESOURCE").cases, 0);
  EXPECT_THAT(to_text(diagnosis, 80), HasSubstr("costs     nothing"));
}

TEST(Diagnosis, CountsEveryLostCaseOnce) {
  Evidence seen = unprivileged();
  seen.userns = Error{"unshare(CLONE_NEWUSER)", EPERM};
  seen.support.seccomp_filter = true;
  seen.container = "podman";
  seen.lost.push_back(lost("uts/a", Privilege::Root, SkipReason::NoPrivilege, "no CAP_SYS_ADMIN"));
  for (const SkipReasonName& reason : skip_reasons) {
    for (const char* text : {"seccomp", "in a chroot", "masked", "modprobe veth", "cgroup", "?"}) {
      for (const Privilege privilege : {Privilege::Root, Privilege::Userns}) {
        seen.lost.push_back(lost("net/b", privilege, reason.reason, text, 1));
      }
    }
  }
  const Diagnosis diagnosis = diagnose(seen);
  const int explained =
      std::accumulate(diagnosis.findings.begin(), diagnosis.findings.end(), 0,
                      [](int sum, const Finding& one) { return sum + one.cases; });
  EXPECT_EQ(explained, diagnosis.lost);
  for (const Finding& one : diagnosis.findings) {
    EXPECT_FALSE(one.what.empty());
    EXPECT_FALSE(one.evidence.empty()) << one.id;
  }
}

TEST(Diagnosis, StartsWithTheCostliest) {
  Evidence seen = healthy();
  seen.lost = {lost("net/a", Privilege::Root, SkipReason::NoModule, "modprobe veth", 1),
               lost("net/b", Privilege::Root, SkipReason::NoModule, "modprobe dummy", 9)};
  const Diagnosis diagnosis = diagnose(seen);
  ASSERT_EQ(diagnosis.findings.size(), 2U);
  EXPECT_EQ(diagnosis.findings.front().id, "module-dummy");
}

TEST(Diagnosis, IsOneJsonDocument) {
  Evidence seen = unprivileged();
  const auto json = nlohmann::json::parse(to_json(diagnose(seen)));
  EXPECT_EQ(json["cases"], 100);
  EXPECT_EQ(json["findings"][0]["id"], "not-root");
  EXPECT_EQ(json["findings"][0]["lift"], "sudo nsbench");
}

TEST(Diagnosis, BreaksLongLinesButNeverACommand) {
  Evidence seen = unprivileged();
  seen.userns = Error{"unshare(CLONE_NEWUSER)", ENOSPC};
  seen.support.userns_switch = "/proc/sys/user/max_user_namespaces is 0";
  const std::string text = to_text(diagnose(seen), 40);
  EXPECT_THAT(text, HasSubstr("sudo sysctl -w user.max_user_namespaces=15000\n"));
  EXPECT_THAT(text, Not(HasSubstr("is 0; unshare(CLONE_NEWUSER): ENOSPC\n   lift")));
}

}  // namespace
}  // namespace nsbench::doctor
