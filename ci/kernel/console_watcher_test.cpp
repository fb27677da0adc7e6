#include "ci/kernel/console_watcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/file.h"

namespace nsbench::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

ConsoleWatcher watched(std::string_view text) {
  ConsoleWatcher watcher;
  watcher.feed(text);
  watcher.finish();
  return watcher;
}

std::vector<std::string> kinds(const ConsoleWatcher& watcher) {
  std::vector<std::string> all;
  for (const Splat& splat : watcher.splats()) all.push_back(splat.kind);
  return all;
}

std::string sample(const char* name) {
  const Result<std::string> text =
      read_file(std::string(NSBENCH_SOURCE_DIR) + "/ci/kernel/testdata/" + name);
  EXPECT_TRUE(text.ok());
  return text ? *text : "";
}

constexpr std::string_view warning =
    "[   12.345670] ------------[ cut here ]------------\r\n"
    "[   12.345672] WARNING: CPU: 1 PID: 412 at kernel/nsproxy.c:187 free_nsproxy+0x8c/0x90\r\n"
    "[   12.345680] Modules linked in: veth\r\n"
    "[   12.345690] CPU: 1 PID: 412 Comm: nsbench Not tainted 6.12.0 #1\r\n"
    "[   12.345700] RIP: 0010:free_nsproxy+0x8c/0x90\r\n"
    "[   12.345710] Call Trace:\r\n"
    "[   12.345712]  <TASK>\r\n"
    "[   12.345714]  do_exit+0x2e1/0xad0\r\n"
    "[   12.345716]  </TASK>\r\n"
    "[   12.345720] ---[ end trace 0000000000000000 ]---\r\n";

TEST(Console, AHealthyBootSaysNothing) {
  for (const char* name : {"uml-boot.txt", "uml-boot-timed.txt"}) {
    const std::string text = sample(name);
    const std::size_t trouble = text.find("VFS: Cannot open root device");
    ASSERT_NE(trouble, std::string::npos);
    const ConsoleWatcher watcher = watched(text.substr(0, trouble));
    EXPECT_THAT(kinds(watcher), IsEmpty()) << headline(watcher.splats()[0]);
    EXPECT_FALSE(watcher.panicked());
  }
}

TEST(Console, ARealPanicIsOneSplatWithItsTrace) {
  for (const char* name : {"uml-boot.txt", "uml-boot-timed.txt"}) {
    const ConsoleWatcher watcher = watched(sample(name));
    ASSERT_THAT(kinds(watcher), ElementsAre("panic")) << name;
    EXPECT_TRUE(watcher.panicked());
    EXPECT_EQ(headline(watcher.splats()[0]),
              "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)");
    EXPECT_THAT(watcher.splats()[0].excerpt, HasSubstr("kernel_init_freeable"));
  }
}

TEST(Console, AWarningGoesFromItsCutToTheEndOfItsTrace) {
  const ConsoleWatcher watcher = watched("[   12.300000] veth0: renamed\n" + std::string(warning) +
                                         "[   12.345730] eth0: up\n");
  ASSERT_THAT(kinds(watcher), ElementsAre("warning"));
  const std::string& excerpt = watcher.splats()[0].excerpt;
  EXPECT_THAT(excerpt, StartsWith("[   12.345670] ------------[ cut here"));
  EXPECT_THAT(excerpt, EndsWith("---[ end trace 0000000000000000 ]---"));
  EXPECT_THAT(excerpt, Not(HasSubstr("\r")));
}

struct OneLine {
  const char* kind;
  const char* line;
};

class Patterns : public ::testing::TestWithParam<OneLine> {};

TEST_P(Patterns, IsSeenWithAndWithoutItsPrefix) {
  const std::string line = GetParam().line;
  const std::string prefixes[] = {"", "[    3.141592] ", "[  313.141592][  T123] ", "<4>",
                                  "<0>[    3.141592] "};
  for (const std::string& prefix : prefixes) {
    const ConsoleWatcher watcher = watched(prefix + line + '\n');
    EXPECT_THAT(kinds(watcher), ElementsAre(GetParam().kind)) << prefix + line;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Patterns,
    ::testing::Values(
        OneLine{"warning", "------------[ cut here ]------------"},
        OneLine{"warning", "WARNING: CPU: 0 PID: 1 at net/core/dev.c:11 f+0x1/0x2"},
        OneLine{"bug", "kernel BUG at mm/slub.c:448!"},
        OneLine{"bug", "BUG: Bad page state in process nsbench  pfn:1234"},
        OneLine{"kasan", "BUG: KASAN: slab-use-after-free in cleanup_net+0x51/0x5f0"},
        OneLine{"kfence", "BUG: KFENCE: use-after-free read in put_net+0x12/0x30"},
        OneLine{"kmsan", "BUG: KMSAN: uninit-value in copy_net_ns+0x10/0x20"},
        OneLine{"kcsan", "BUG: KCSAN: data-race in alloc_pid / free_pid"},
        OneLine{"ubsan", "UBSAN: array-index-out-of-bounds in kernel/user.c:10:3"},
        OneLine{"oops", "BUG: unable to handle page fault for address: ffffffffdeadbeef"},
        OneLine{"oops", "BUG: kernel NULL pointer dereference, address: 0000000000000008"},
        OneLine{"oops", "Oops: 0002 [#1] PREEMPT SMP NOPTI"},
        OneLine{"oops",
                "general protection fault, probably for non-canonical address 0xdead: 0000"},
        OneLine{"oops", "Unable to handle kernel paging request at virtual address dead4ead"},
        OneLine{"oops", "invalid opcode: 0000 [#1] PREEMPT SMP"},
        OneLine{"panic", "Kernel panic - not syncing: Fatal exception in interrupt"},
        OneLine{"rcu-stall", "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"},
        OneLine{"rcu-stall", "rcu: INFO: rcu_sched self-detected stall on CPU"},
        OneLine{"hung-task", "INFO: task kworker/u4:2:34 blocked for more than 120 seconds."},
        OneLine{"soft-lockup", "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [nsbench:99]"},
        OneLine{"hard-lockup", "NMI watchdog: Watchdog detected hard LOCKUP on cpu 3"},
        OneLine{"lockdep", "WARNING: possible circular locking dependency detected"},
        OneLine{"lockdep", "inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage."},
        OneLine{"lockdep", "INFO: trying to register non-static key."},
        OneLine{"lockdep", "WARNING: lock held when returning to user space! still held!"},
        OneLine{"lockdep", "WARNING: suspicious RCU usage"},
        OneLine{"refcount", "refcount_t: underflow; use-after-free."},
        OneLine{"refcount", "refcount_t: saturated; leaking memory."},
        OneLine{"page-allocation", "nsbench: page allocation failure: order:4, mode:0x40cc0"},
        OneLine{"oom", "nsbench invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0"},
        OneLine{"scheduling", "BUG: scheduling while atomic: nsbench/77/0x00000002"},
        OneLine{"sysctl", "sysctl table check failed: net/ipv4/x Not a file"},
        OneLine{"unregister-netdevice",
                "unregister_netdevice: waiting for lo to become free. Usage count = 2"},
        OneLine{"leak",
                "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)"}));

TEST(Console, WhatOnlyLooksBadIsPassedOver) {
  for (const char* line :
       {"WARNING: Unprivileged eBPF is enabled",
        "WARNING:", "BUG: KASAN: use-after-free in kasan_test_x",
        "BUG: KFENCE: out-of-bounds read in kfence_test_y", "DEBUG: at last", "Debugging is on",
        "INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.2 msecs",
        "traps: prog[42] general protection fault ip:40 sp:7f error:0 in prog",
        "lockdep is turned off", "Out of paper: allocation f", "debug: refcount_tx", "panic=1",
        "Kernel command line: panic=1 oops=panic"}) {
    EXPECT_THAT(kinds(watched("[    1.000000] " + std::string(line) + '\n')), IsEmpty()) << line;
  }
}

TEST(Console, MessagesBeforeAWarningNameItsKind) {
  const ConsoleWatcher watcher = watched(
      "[    1.000000] ------------[ cut here ]------------\n"
      "[    1.000001] refcount_t: addition on 0; use-after-free.\n"
      "[    1.000002] WARNING: CPU: 0 PID: 1 at lib/refcount.c:25 refcount_warn_saturate+0x6e\n"
      "[    1.000003] ---[ end trace 0000000000000000 ]---\n"
      "[    1.000004] ------------[ cut here ]------------\n"
      "[    1.000005] kernel BUG at fs/namespace.c:700!\n"
      "[    1.000006] invalid opcode: 0000 [#1] PREEMPT SMP\n"
      "[    1.000007] ---[ end trace 0000000000000000 ]---\n"
      "[    1.000008] Kernel panic - not syncing: Fatal exception\n"
      "[    1.000009] ---[ end Kernel panic - not syncing: Fatal exception ]---\n");
  EXPECT_THAT(kinds(watcher), ElementsAre("refcount", "bug", "panic"));
  EXPECT_TRUE(watcher.panicked());
}

TEST(Console, RulersFrameAReportOfASanitizer) {
  const std::string ruler(66, '=');
  const ConsoleWatcher watcher = watched(
      "[    5.000000] " + ruler +
      "\n[    5.000001] BUG: KASAN: slab-use-after-free in f+0x1/0x2\n" +
      "[    5.000002] Read of size 8 at addr ffff888001 by task nsbench/9\n[    5.000003] " +
      ruler + "\n[    5.000004] eth0: up\n");
  ASSERT_THAT(kinds(watcher), ElementsAre("kasan"));
  EXPECT_THAT(watcher.splats()[0].excerpt, StartsWith("[    5.000000] ==="));
  EXPECT_THAT(watcher.splats()[0].excerpt, EndsWith("==="));
}

TEST(Console, AJumpInTimeEndsATraceThatHasNoEnd) {
  const ConsoleWatcher watcher = watched(
      "[  242.000000] INFO: task a:12 blocked for more than 120 seconds.\n"
      "[  242.000010] Call Trace:\n"
      "[  242.000020] INFO: task b:13 blocked for more than 120 seconds.\n"
      "[  242.000030] Call Trace:\n"
      "[  250.000000] eth0: up\n");
  ASSERT_THAT(kinds(watcher), ElementsAre("hung-task", "hung-task"));
  EXPECT_THAT(watcher.splats()[1].excerpt, Not(HasSubstr("eth0")));
}

TEST(Console, KnowsWhichCasesWereRunning) {
  const ConsoleWatcher watcher = watched(
      "[   12.000000] nsbench: begin net/veth:clone:root\n"
      "[   12.000001] nsbench: begin uts/hostname:setns.pidfd:userns\n"
      "[   12.000002] nsbench: begin pid/first_is_one:clone3:root:control\n"
      "[   12.000003] nsbench: end net/veth:clone:root\n" +
      std::string(warning) + "[   13.000000] nsbench: end uts/hostname:setns.pidfd:userns\n");
  ASSERT_EQ(watcher.splats().size(), 1U);
  EXPECT_EQ(watcher.splats()[0].running,
            "pid/first_is_one:clone3:root:control uts/hostname:setns.pidfd:userns");
  EXPECT_THAT(watcher.running(), ElementsAre("pid/first_is_one:clone3:root:control"));
}

TEST(Console, WhatAProgramPrintsIsNotTheKernels) {
  const ConsoleWatcher watcher = watched(
      "[   12.000000] Run /init as init process\n"
      "nsbench: begin net/veth:clone:root\n"
      "BUG: KASAN: as a test's name\n"
      "ok 1 x[   12.000001] eth0: up\n"
      "[   12.000002] nsbench: begin no case\n");
  EXPECT_THAT(kinds(watcher), IsEmpty());
  EXPECT_THAT(watcher.running(), IsEmpty());
}

TEST(Console, ALineThatBeginsInAnothersIsSeen) {
  const ConsoleWatcher watcher =
      watched("ok 17 net/ve[    7.000000] BUG: kernel NULL pointer dereference, address: 0\n");
  ASSERT_THAT(kinds(watcher), ElementsAre("oops"));
  EXPECT_THAT(watcher.splats()[0].excerpt, StartsWith("[    7.000000] BUG"));
  const ConsoleWatcher one =
      watched("<4>[    7.000000] BUG: Bad page map[    7.000001] eth0: up\n");
  ASSERT_EQ(one.splats().size(), 1U);
  EXPECT_EQ(one.splats()[0].excerpt,
            "<4>[    7.000000] BUG: Bad page map\n[    7.000001] eth0: up");
}

TEST(Console, AnyPiecesEscapesAndGarbageAreTaken) {
  const std::string text = "\x1b[0;32mok\x1b[0m \x1b]0;title\a\xff\xfe\n\x1b[2J" +
                           std::string(warning) + std::string(10'000, 'x') + '\n';
  ConsoleWatcher watcher;
  for (const char c : text) watcher.feed({&c, 1});
  watcher.finish();
  EXPECT_EQ(watcher.splats(), watched(text).splats());
  ASSERT_THAT(kinds(watcher), ElementsAre("warning"));
  const std::vector<std::string> lines = watcher.last_lines(1000);
  EXPECT_EQ(lines.front(), "ok \\xff\\xfe");
  EXPECT_LT(lines.back().size(), 1100U);
}

TEST(Console, SplatsAndLinesAreBounded) {
  ConsoleWatcher watcher;
  for (int i = 0; i < 500; ++i) {
    watcher.feed(fmt::format("[{:5}.000000] WARNING: CPU: 0 PID: {} at a.c:1 f\n", 10 * i, i));
  }
  for (int i = 0; i < 5000; ++i) watcher.feed("[ 9000.000000] " + std::string(900, 'y') + '\n');
  watcher.finish();
  EXPECT_EQ(watcher.splats().size(), most_splats);
  EXPECT_EQ(watcher.dropped(), 500 - most_splats);
  EXPECT_EQ(watcher.last_lines(100'000).size(), 200U);
  EXPECT_EQ(watcher.last_lines(3).size(), 3U);
  ConsoleWatcher endless;
  endless.feed("[    1.000000] BUG: Bad page map\n");
  for (int i = 0; i < 5000; ++i) endless.feed("[    1.000001] " + std::string(900, 'z') + '\n');
  endless.finish();
  ASSERT_EQ(endless.splats().size(), 1U);
  EXPECT_LE(endless.splats()[0].excerpt.size(), longest_splat);
}

TEST(Console, KnowsHowItEnded) {
  const ConsoleWatcher good =
      watched("nsbench: exit status 3\n[   20.000000] reboot: Power down\n");
  EXPECT_EQ(good.exit_status(), 3);
  EXPECT_TRUE(good.shut_down());
  EXPECT_FALSE(good.panicked());
  EXPECT_FALSE(watched("nsbench: exit status 3 or so\nnsbench: exit status 999\n").exit_status());
  EXPECT_FALSE(watched("[    1.000000] eth0: up\n").shut_down());
}

}  // namespace
}  // namespace nsbench::kernel
