#include "reports/kernel_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

TEST(KernelConfig, TellsWhatBearsOnNamespacesAndTimes) {
  const auto options = config_options_of(
      "#\n# Automatically generated file; DO NOT EDIT.\n#\n"
      "CONFIG_CC_VERSION_TEXT=\"gcc 12\"\n"
      "CONFIG_HZ=250\nCONFIG_PREEMPT_DYNAMIC=y\n# CONFIG_PREEMPT is not set\r\n"
      "CONFIG_NAMESPACES=y\nCONFIG_NET_NS=y\n# CONFIG_TIME_NS is not set\n"
      "CONFIG_VETH=m\nCONFIG_LSM=\"yama,apparmor\"\nCONFIG_DEBUG_LIST=y\nCONFIG_DEBUG_INFO_BTF=y\n"
      "CONFIG_E1000=m\n");
  EXPECT_THAT(options, Contains(Pair("CONFIG_HZ", "250")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_PREEMPT_DYNAMIC", "y")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_NET_NS", "y")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_TIME_NS", "n")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_VETH", "m")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_LSM", "yama,apparmor")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_DEBUG_LIST", "y")));
  EXPECT_THAT(options, Contains(Pair("CONFIG_USER_NS", "n")));  // not even mentioned
  for (const char* name :
       {"CONFIG_E1000", "CONFIG_CC_VERSION_TEXT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_PREEMPT"}) {
    EXPECT_THAT(options, Not(Contains(Key(name)))) << name;
  }
}

TEST(KernelConfig, WhatIsNoConfigurationHasNoOptions) {
  EXPECT_THAT(config_options_of(""), IsEmpty());
  EXPECT_THAT(config_options_of("hello\n=y\n# is not set\n#  is not set\nCONFIG_=y\nCONFIG_\xff=y"),
              IsEmpty());
}

TEST(KernelConfig, ItIsBounded) {
  std::string text = "CONFIG_LSM=" + std::string(5000, 'x') + '\n';
  for (int i = 0; i < 5000; ++i) text += "CONFIG_DEBUG_X" + std::to_string(i) + "=y\n";
  const auto options = config_options_of(text);
  EXPECT_EQ(options.at("CONFIG_LSM").size(), 256U);
  EXPECT_LE(options.size(), 540U);
}

}  // namespace
}  // namespace nsbench
