// Environments with less of a machine: file systems, cgroups, limits of processes, time.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "suites/hostile/rows.h"

namespace nsbench {
namespace {

using enum SkipReason;
using testing::HostileTo;
using testing::Lost;
using testing::Row;
using testing::some;
using testing::Surroundings;

// Mounts of its own, which sh(1) changes. What is mounted several times over is unmounted as often.
Surroundings with_mounts(const std::string& shell) {
  return {.by = {"unshare", "-m", "--propagation", "private"}, .shell = shell};
}

const Lost no_cgroups{"^cgroup/", {NoFeature, NoPrivilege}};

std::vector<Row> machine_rows() {
  return {
      // As an unprivileged user a new user namespace is mapped by a file of /proc.
      {.name = "NoProc",
       .where = with_mounts("umount -R -l /proc"),
       .lost = {{"^cgroup/", {NoFeature, Policy}},
                {"^(uts|pid|mnt|ipc|net|time)/[^:]+:[^:]+:userns$", {Policy}, true},
                {"", {Policy}}},
       .root = true},
      {.name = "NoSys",
       .where = with_mounts("umount -R -l /sys"),
       .lost = {no_cgroups, {"^net/|^time/alarm_clock|^mnt/sysfs", {Policy, NoFeature}}},
       .cases = some,
       .root = true},
      // As a container's: a user namespace can have no /proc or sysfs of its own.
      {.name = "MaskedProcAndSys",
       .where = with_mounts("mount --bind /dev/null /proc/keys\n"
                            "mount -t tmpfs -o ro none /proc/fs\n"
                            "mount --bind /proc/sys /proc/sys\n"
                            "mount -o remount,bind,ro /proc/sys\n"
                            "mount -o remount,bind,ro /sys\n"),
       .lost = {{":userns", {Policy}}, {"sysfs|sysctl|alarm_clock|^cgroup/", {Policy, NoFeature}}},
       .root = true},
      // Its root is a mount's root, as a machine's is.
      {.name = "ChrootOnAMount",
       .where = with_mounts("mount --rbind / /mnt\n"
                            "exec chroot /mnt \"$@\""),
       .lost = {{"", {Policy}, true}},
       .cases = some,
       .root = true,
       .nothing = true},
      {.name = "NoDev",
       .where = with_mounts("mount -t tmpfs none /dev"),
       .cases = some,
       .root = true},
      {.name = "ReadOnlyRoot",
       .where = with_mounts("mount -o remount,bind,ro /"),
       .cases = some,
       .root = true},
      {.name = "FullTmp",
       .where = with_mounts("mount -t tmpfs -o size=4k none /tmp\n"
                            "head -c 5000 /dev/zero >/tmp/full || true"),
       .cases = some,
       .root = true},
      {.name = "NoCgroups",
       .where = with_mounts("umount -R -l /sys/fs/cgroup"),
       .lost = {no_cgroups},
       .cases = some,
       .root = true},
      {.name = "CgroupV2Alone",
       .where = with_mounts("umount -R -l /sys/fs/cgroup\n"
                            "mount -t cgroup2 none /sys/fs/cgroup"),
       .lost = {no_cgroups},
       .cases = some,
       .root = true},
      // A hierarchy of no controller, as systemd's was, beside an unmounted version 2.
      {.name = "CgroupV1Alone",
       .where = with_mounts("umount -R -l /sys/fs/cgroup\n"
                            "mount -t tmpfs none /sys/fs/cgroup\n"
                            "mkdir /sys/fs/cgroup/systemd\n"
                            "mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd"),
       .lost = {no_cgroups},
       .cases = some,
       .root = true},
      {.name = "FewDescriptors",
       .where = {.by = {"prlimit", "--nofile=64:64"}},
       .lost = {{"", {Limit}}},
       .cases = some},
      {.name = "FewProcesses",
       .where = {.by = {"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "prlimit",
                        "--nproc=40:40"}},
       .lost = {{":root", {NoPrivilege}, true}, {"", {Limit, NoPrivilege}}},
       .cases = some,
       .root = true},
      {.name = "LittleMemory",
       .where = {.by = {"prlimit", "--as=134217728"}},
       .lost = {{"", {Limit}}},
       .cases = some},
      {.name = "LongHostName",
       .where = {.by = {"unshare", "-u"}, .shell = "hostname $(printf %064d 7)"},
       .cases = some,
       .root = true},
      {.name = "OddHostName",
       .where = {.by = {"unshare", "-u"},
                 .shell = "printf 'a\\033[31m\\\"<&\\377b' >/proc/sys/kernel/hostname"},
       .cases = some,
       .root = true},
      {.name = "NoHostName",
       .where = {.by = {"unshare", "-u"}, .shell = "printf '\\n' >/proc/sys/kernel/hostname"},
       .cases = some,
       .root = true},
      {.name = "OneCpu", .where = {.by = {"taskset", "-c", "0"}}, .cases = some},
      // The clocks of CLOCK_MONOTONIC and of boot time differ by years from those outside.
      {.name = "OtherTime",
       .where = {.by = {"unshare", "-T", "--monotonic", "100000000", "--boottime", "200000000",
                        "--fork"}},
       .cases = some,
       .root = true},
      // The time of day steps about while it runs, as somebody who sets it makes it. By a library:
      // to
      // set it is to set the machine's. That one lies about timers too, which the family time asks.
      {.name = "TimeGoesBack",
       .where =
           with_mounts("mount -t tmpfs none /mnt\n"
                       "echo +0 >/mnt/now\n"
                       "(for step in -3600 +7200 -86400 +1 -40000000; do\n"
                       "  sleep 1; echo $step >/mnt/next && mv /mnt/next /mnt/now\n"
                       "done) >/dev/null 2>&1 &\n"
                       "export FAKETIME_TIMESTAMP_FILE=/mnt/now FAKETIME_NO_CACHE=1\n"
                       "export FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$(ls "
                       "/usr/lib/*/faketime/libfaketime.so.1)\n"
                       "test \"$(cd / && FAKETIME_TIMESTAMP_FILE= FAKETIME=-99d date +%F)\" != "
                       "\"$(LD_PRELOAD= date +%F)\""),
       .cases =
           "^(?!time/)([a-z]+/(identity|hostname|pid_one|mount_view|sysv_shm|mqueue|interfaces|"
           "uid_map|lifetime|sender_pid)|create/uts|join/net):(unshare|setns.pidfd|setns):",
       .seconds = "1",
       .programs = {"faketime"},
       .root = true},
      // Each round mounts all that is there once more: 4,096 and 1,024.
      {.name = "FiveThousandMounts",
       .where = with_mounts("for place in /mnt:12 /media:10; do\n"
                            "  at=${place%:*}; rounds=${place#*:}\n"
                            "  mount -t tmpfs none $at; mkdir $at/b\n"
                            "  while [ $rounds -gt 0 ]; do\n"
                            "    mount --rbind $at $at/b; rounds=$((rounds-1))\n"
                            "  done\n"
                            "done\n"
                            "test $(wc -l </proc/self/mountinfo) -gt 5000"),
       .cases = some,
       .root = true},
  };
}

class MachineTest : public HostileTo {};
TEST_P(MachineTest, IsTold) { run(); }
INSTANTIATE_TEST_SUITE_P(Hostile, MachineTest, ::testing::ValuesIn(machine_rows()),
                         testing::name_of);

}  // namespace
}  // namespace nsbench
