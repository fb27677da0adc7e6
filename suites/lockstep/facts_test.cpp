#include "suites/lockstep/facts.h"

#include <gtest/gtest.h>

namespace nsbench::lockstep {
namespace {

TEST(LockstepFacts, WhatAWorkerTellsIsWhatTheReportSays) {
  KernelInfo kernel;
  kernel.version = "#1 SMP";
  kernel.machine = "riscv64";
  kernel.cmdline = "quiet root=/dev/vda";
  kernel.engine = "qemu-tcg";
  kernel.machine_id = "abc";
  kernel.boot_id = "def";
  kernel.taint = 4096;
  Environment environment;
  environment.host_name = "vm";
  environment.cpu_model = "CPU = 1";
  environment.cpus = 4;
  environment.mhz = 2596.152;
  environment.load_avg = {0.5, 1, 2};
  environment.virtualisation = "kvm";
  environment.uid = 1000;
  environment.initial_user_namespace = false;
  environment.capabilities = "00ff";
  environment.missing_capabilities = "CAP_SYS_TIME";
  environment.seccomp = "off";
  environment.lsm = "lockdown,yama";
  environment.limits = {{"user.max_net_namespaces", 64}};
  environment.namespaces = {{"uts", true}, {"time", false}};
  KernelInfo told;
  Environment heard;
  for (const About& fact : facts_of(kernel, environment)) learn(fact, told, heard);
  EXPECT_EQ(told.version, kernel.version);
  EXPECT_EQ(told.machine, kernel.machine);
  EXPECT_EQ(told.cmdline, kernel.cmdline);
  EXPECT_EQ(told.engine, kernel.engine);
  EXPECT_EQ(told.boot_id, kernel.boot_id);
  EXPECT_EQ(told.taint, kernel.taint);
  EXPECT_EQ(heard.cpu_model, environment.cpu_model);
  EXPECT_EQ(heard.cpus, environment.cpus);
  EXPECT_EQ(heard.mhz, environment.mhz);
  EXPECT_EQ(heard.load_avg, environment.load_avg);
  EXPECT_EQ(heard.uid, environment.uid);
  EXPECT_FALSE(heard.initial_user_namespace);
  EXPECT_EQ(heard.lsm, environment.lsm);
  EXPECT_EQ(heard.limits, environment.limits);
  EXPECT_EQ(heard.namespaces, environment.namespaces);
}

TEST(LockstepFacts, NonsenseChangesNothing) {
  KernelInfo kernel;
  Environment environment;
  for (const About& fact : {About{"cpus", "many"}, About{"cpus", "2x"}, About{"colour", "red"},
                            About{"limit.x", ""}, About{"load", "high"}, About{"", ""}}) {
    learn(fact, kernel, environment);
  }
  EXPECT_EQ(environment.cpus, 0);
  EXPECT_TRUE(environment.limits.empty());
  EXPECT_TRUE(environment.load_avg.empty());
  for (int i = 0; i < 1000; ++i) learn({"namespace.x", "1"}, kernel, environment);
  EXPECT_LE(environment.namespaces.size(), 64U);
}

}  // namespace
}  // namespace nsbench::lockstep
