#include "reports/splat.h"

#include <gtest/gtest.h>

#include "reports/report.h"

namespace nsbench {
namespace {

TEST(Splat, ItsHeadlineIsTheLineThatSaysMost) {
  EXPECT_EQ(headline({"kasan",
                      "[   12.5] ==================================\n"
                      "[   12.6] BUG: KASAN: slab-use-after-free in copy_net_ns+0x5f/0x2a0\n",
                      ""}),
            "BUG: KASAN: slab-use-after-free in copy_net_ns+0x5f/0x2a0");
  EXPECT_EQ(headline({"warning",
                      "[    2.071] ------------[ cut here ]------------\n"
                      "[    2.072] WARNING: CPU: 1 PID: 77 at kernel/nsproxy.c:52 x+0x1/0x2",
                      ""}),
            "WARNING: CPU: 1 PID: 77 at kernel/nsproxy.c:52 x+0x1/0x2");
  EXPECT_EQ(headline({"hung-task", "", ""}), "hung task");
  EXPECT_EQ(headline({"oops", "Oops: \x1b[2J", ""}), "Oops: \\x1b[2J");
}

TEST(Splat, WhatPrintkPutsBeforeALineGoes) {
  EXPECT_EQ(without_printk_prefix("[   12.345678] a"), "a");
  EXPECT_EQ(without_printk_prefix("[   12.345678][  T123] a"), "a");
  EXPECT_EQ(without_printk_prefix("[   12.345678] [    C0] a"), "a");
  EXPECT_EQ(without_printk_prefix("<4>[   12.345678]  indented"), " indented");
  EXPECT_EQ(without_printk_prefix("<4>a"), "a");
  EXPECT_EQ(without_printk_prefix("[ cut here ]"), "[ cut here ]");
  EXPECT_EQ(without_printk_prefix("[<606944ba>] ? _printk"), "[<606944ba>] ? _printk");
  EXPECT_EQ(without_printk_prefix("["), "[");
  EXPECT_EQ(without_printk_prefix(""), "");
}

TEST(Splat, KindsAreAClosedList) {
  EXPECT_TRUE(is_splat_kind("rcu-stall"));
  EXPECT_FALSE(is_splat_kind("RCU stall"));
  EXPECT_EQ(title_of_splat("oom"), "out of memory");
  EXPECT_EQ(title_of_splat("other"), "other");
}

KernelInfo tainted(std::int64_t before, std::int64_t after) {
  KernelInfo kernel;
  kernel.taint_before = before;
  kernel.taint = after;
  return kernel;
}

TEST(Taint, WhatTheRunLeftIsASplat) {
  ASSERT_EQ(splats_of(tainted(0, taint_warned)).size(), 1U);
  EXPECT_EQ(splats_of(tainted(0, taint_warned))[0].kind, "taint");
  EXPECT_EQ(splats_of(tainted(1, 1 | taint_warned | taint_died))[0].excerpt,
            "the kernel's taint went from 1 to 641 (D: it died, W: it warned)");
  EXPECT_TRUE(splats_of(tainted(taint_warned, taint_warned)).empty());
  EXPECT_TRUE(splats_of(tainted(0, 4097)).empty());  // a proprietary and an out-of-tree module
}

TEST(Taint, OfAKernelThatWasBootedForTheRunEveryBitIsTheRuns) {
  KernelInfo kernel;
  kernel.taint = taint_soft_lockup;
  EXPECT_TRUE(splats_of(kernel).empty());
  kernel.engine = "qemu-kvm";
  EXPECT_EQ(splats_of(kernel).size(), 1U);
}

TEST(Taint, WhatASplatExplainsIsNotToldTwice) {
  KernelInfo kernel = tainted(0, taint_warned);
  kernel.splats = {{"warning", "WARNING: at x", ""}};
  EXPECT_EQ(splats_of(kernel), kernel.splats);
  kernel.taint |= taint_died;
  ASSERT_EQ(splats_of(kernel).size(), 2U);
  EXPECT_NE(splats_of(kernel)[1].excerpt.find("(D: it died)"), std::string::npos);
}

}  // namespace
}  // namespace nsbench
