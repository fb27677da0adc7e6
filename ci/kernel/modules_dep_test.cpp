#include "ci/kernel/modules_dep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench::kernel {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  const Result<ModuleList> list = parse_modules_dep("modules.dep", text);
  return list ? "no error" : list.error().str();
}

TEST(ModuleName, IsTheFilesWithUnderscores) {
  EXPECT_EQ(module_name("kernel/net/nf-tables.ko.xz"), "nf_tables");
  EXPECT_EQ(module_name("veth.ko"), "veth");
  EXPECT_EQ(module_name("veth"), "veth");
  EXPECT_EQ(module_name("a/b.ko.zst"), "b");
  EXPECT_EQ(module_name("a/b.ko.gz"), "b");
}

TEST(ModulesDep, TellsPathsAndNeeds) {
  const auto list = parse_modules_dep("modules.dep",
                                      "kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz "
                                      "kernel/net/llc/llc.ko.xz\n\nkernel/net/llc/llc.ko.xz:\n");
  ASSERT_TRUE(list.ok()) << list.error().str();
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->at("bridge").path, "kernel/net/bridge/bridge.ko.xz");
  EXPECT_THAT(*list->at("bridge").needs, ElementsAre("stp", "llc"));
  EXPECT_THAT(*list->at("llc").needs, ElementsAre());
  EXPECT_TRUE(parse_modules_dep("modules.dep", "")->empty());
}

TEST(ModulesDep, AWrongLineIsNamed) {
  EXPECT_EQ(error_of("kernel/a.ko:\nkernel/b.ko\n"),
            "modules.dep, line 2: has no ':' after a path");
  EXPECT_EQ(error_of("a.txt:"),
            "modules.dep, line 1: the path 'a.txt' is not that of a module (.ko, .ko.gz, .ko.xz, "
            ".ko.zst)");
}

TEST(ModulesDep, NoPathLeadsOutOfTheTree) {
  for (const std::string& path : {"/etc/a.ko"s, "../a.ko"s, "kernel/../../a.ko"s, "kernel/.."s}) {
    EXPECT_THAT(error_of(path + ":"), HasSubstr("leads out of the tree")) << path;
    EXPECT_THAT(error_of("a.ko: " + path), HasSubstr("leads out of the tree")) << path;
    EXPECT_FALSE(parse_modules_order("modules.order", path + "\n").ok()) << path;
  }
}

TEST(ModulesDep, AbsurdPathsAreRefused) {
  for (const std::string& path : {""s, ".ko"s, "a/.ko"s, "a//b.ko"s, "./a.ko"s, "a/"s, "a\0.ko"s,
                                  std::string(2000, 'a') + ".ko", "a.ko.lz4"s}) {
    EXPECT_NE(error_of(path + ":"), "no error") << path;
  }
}

TEST(ModulesDep, ATerminalIsNotDriven) {
  EXPECT_EQ(error_of("\x1b[31m:").find('\x1b'), std::string::npos);
}

TEST(ModulesOrder, KnowsNoNeeds) {
  const auto list = parse_modules_order("modules.order", "kernel/a-b.ko\nkernel/c.ko\n");
  ASSERT_TRUE(list.ok()) << list.error().str();
  EXPECT_EQ(list->at("a_b").path, "kernel/a-b.ko");
  EXPECT_FALSE(list->at("c").needs.has_value());
}

TEST(ModulesBuiltin, TellsNames) {
  EXPECT_THAT(parse_modules_builtin("kernel/net/ipv6/ipv6.ko\nkernel/a-b.ko\n"),
              ElementsAre("a_b", "ipv6"));
}

TEST(Modinfo, TellsNeeds) {
  EXPECT_THAT(depends_of("license=GPL\0depends=nfnetlink,lib-crc32c\0name=nf_tables\0"s),
              ElementsAre("nfnetlink", "lib_crc32c"));
  EXPECT_THAT(depends_of("depends=\0"s), ElementsAre());
  EXPECT_THAT(depends_of("depends=,,a"), ElementsAre("a"));
  EXPECT_THAT(depends_of(""), ElementsAre());
}

}  // namespace
}  // namespace nsbench::kernel
