#include "ci/kernel/modules.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ci/kernel/compression.h"
#include "ci/kernel/needed_modules.h"
#include "ci/kernel/testing/made_up.h"
#include "suites/testing/in_directory.h"

namespace nsbench::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using namespace testing;

class Modules : public nsbench::testing::InDirectory {
 protected:
  // Writes a file below the tree's directory, which is made.
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    saved(name, text);
  }
  void put_module(const std::string& name, const std::string& depends = "") const {
    put(name, made_module({"vermagic=6.1.0 SMP", "depends=" + depends}));
  }
  [[nodiscard]] Result<ModuleSet> load(const std::vector<std::string_view>& names) const {
    return load_modules(directory_, names);
  }
  [[nodiscard]] std::vector<std::string> loaded(const std::vector<std::string_view>& names) const {
    const Result<ModuleSet> set = load(names);
    EXPECT_TRUE(set.ok()) << set.error().str();
    std::vector<std::string> order;
    if (!set) return order;
    for (const Module& module : set->modules) order.push_back(module.name);
    return order;
  }
  [[nodiscard]] std::string error_of(const std::vector<std::string_view>& names) const {
    const Result<ModuleSet> set = load(names);
    return set ? "no error" : set.error().str();
  }
};

TEST_F(Modules, ComeInLoadOrderAndOnce) {
  for (const char* name : {"a.ko", "b.ko", "c.ko", "d.ko"}) put_module(name);
  put("modules.dep", "a.ko: b.ko c.ko\nb.ko: c.ko\nc.ko:\nd.ko: c.ko\n");
  EXPECT_THAT(loaded({"a", "d", "a"}), ElementsAre("c", "b", "a", "d"));
  EXPECT_THAT(loaded({"d", "a"}), ElementsAre("c", "d", "b", "a"));
  EXPECT_THAT(loaded({}), IsEmpty());
}

TEST_F(Modules, BuiltInAndAbsentOnesAreTold) {
  put_module("veth.ko");
  put("modules.dep", "veth.ko:\n");
  put("modules.builtin", "kernel/net/ipv6/ipv6.ko\nkernel/net/af-packet.ko\n");
  const Result<ModuleSet> set = load({"ipv6", "veth", "dummy", "af_packet"});
  ASSERT_TRUE(set.ok()) << set.error().str();
  EXPECT_EQ(set->modules.size(), 1U);
  EXPECT_THAT(set->built_in, ElementsAre("ipv6", "af_packet"));
  EXPECT_THAT(set->absent, ElementsAre("dummy"));
}

TEST_F(Modules, AreDecompressed) {
  const std::string module = made_module({"depends="});
  put("a.ko.gz", *gzip(module));
  put("b.ko.xz", made_xz(module));
  put("c.ko.zst", made_zstd(module));
  put("modules.dep", "a.ko.gz:\nb.ko.xz:\nc.ko.zst:\n");
  const Result<ModuleSet> set = load({"a", "b", "c"});
  ASSERT_TRUE(set.ok()) << set.error().str();
  for (const Module& one : set->modules) EXPECT_EQ(one.bytes, module) << one.name;
}

TEST_F(Modules, ATreeWithoutDepmodTellsNeedsItself) {
  put_module("kernel/a.ko", "b,c");
  put_module("kernel/b.ko", "c,built-in");
  put("kernel/c.ko.xz", made_xz(made_module({"depends="})));  // listed without its ".xz"
  put("modules.order", "kernel/a.ko\nkernel/b.ko\nkernel/c.ko\n");
  put("modules.builtin", "kernel/built_in.ko\n");
  EXPECT_THAT(loaded({"a"}), ElementsAre("c", "b", "a"));
}

TEST_F(Modules, ThatNeedEachOtherAreNamed) {
  for (const char* name : {"a.ko", "b.ko", "c.ko"}) put_module(name);
  put("modules.dep", "a.ko: b.ko\nb.ko: c.ko\nc.ko: b.ko\n");
  EXPECT_THAT(error_of({"a"}), HasSubstr("modules need each other: b needs c needs b"));
  put("modules.dep", "a.ko: a.ko\n");
  EXPECT_THAT(error_of({"a"}), HasSubstr("a needs a"));
}

TEST_F(Modules, AnEndlessChainIsRefused) {
  std::string dep;
  for (int i = 0; i < 70; ++i) {
    put_module("m" + std::to_string(i) + ".ko");
    dep += "m" + std::to_string(i) + ".ko: m" + std::to_string(i + 1) + ".ko\n";
  }
  put("modules.dep", dep);
  EXPECT_THAT(error_of({"m0"}), HasSubstr("more than 64 deep, from m0 on"));
}

TEST_F(Modules, WhatIsMissingOrDamagedIsNamed) {
  EXPECT_THAT(error_of({"a"}), HasSubstr("has neither modules.dep nor modules.order"));
  put("modules.dep", "a.ko: b.ko\nc.ko:\nd.ko.xz:\ne.ko:\n");
  put_module("a.ko");
  EXPECT_THAT(error_of({"a"}), HasSubstr("the module a needs b, which is not listed"));
  EXPECT_THAT(error_of({"c"}), HasSubstr("c.ko'): ENOENT"));
  put("d.ko.xz", made_xz("text").substr(0, 30));
  EXPECT_THAT(error_of({"d"}), HasSubstr("d.ko.xz': its xz data is cut off"));
  put("e.ko", "no ELF file");
  EXPECT_THAT(error_of({"e"}), HasSubstr("e.ko' is not an ELF file"));
}

TEST_F(Modules, AreForThisMachine) {
  MadeElf elf = own_elf();
  elf.machine = EM_S390;
  put("a.ko", made_elf(elf));
  put("modules.dep", "a.ko:\n");
  EXPECT_THAT(error_of({"a"}), HasSubstr("is a module for machine 22"));
}

TEST_F(Modules, LoseTheirDebugInformationUnlessSigned) {
  MadeElf elf = own_elf();
  const std::string info(5000, 'i');
  elf.sections = {
      {".text", "text"}, {".debug_info", info}, {".rela.debug_info", info}, {".x", "x"}};
  const std::string whole = made_elf(elf);
  put("a.ko", whole);
  put("b.ko", whole + "~Module signature appended~\n");
  put("modules.dep", "a.ko:\nb.ko:\n");
  const Result<ModuleSet> set = load({"a", "b"});
  ASSERT_TRUE(set.ok()) << set.error().str();
  EXPECT_EQ(set->modules[0].bytes.size(), whole.size());
  EXPECT_THAT(set->modules[0].bytes, HasSubstr("text" + std::string(10000, '\0') + "x"));
  EXPECT_EQ(set->modules[1].bytes, whole + "~Module signature appended~\n");
}

TEST_F(Modules, AreFoundBesideTheImage) {
  const auto beside = [this](const std::string& image) {
    return *modules_beside({path(image), ImageKind::BzImage, "6.1.0", "x86_64"});
  };
  EXPECT_EQ(beside("boot/vmlinuz-6.1.0"), std::nullopt);
  struct Row {
    const char* tree;
    const char* image;
  };
  for (const auto& [tree, image] :
       {Row{"modules", "vmlinuz"}, Row{"lib/modules/6.1.0", "vmlinuz"},
        Row{"modules/6.1.0", "vmlinuz"}, Row{"usr/lib/modules/6.1.0", "boot/vmlinuz-6.1.0"},
        Row{"lib/modules/6.1.0", "boot/vmlinuz-6.1.0"},
        Row{"usr/lib/uml/modules/6.1.0", "usr/bin/linux.uml"}}) {
    put_module(std::string(tree) + "/a.ko");
    put(std::string(tree) + "/modules.dep", "a.ko:\n");
    EXPECT_THAT(beside(image), Optional(path(tree)));
    std::filesystem::remove_all(path(tree));
  }
}

TEST_F(Modules, OfAnotherReleaseAreAnError) {
  put_module("modules/a.ko");
  put("modules/modules.order", "a.ko\n");
  const Image image{path("vmlinuz"), ImageKind::BzImage, "6.12.0", "x86_64"};
  EXPECT_EQ(
      modules_beside(image).error().str(),
      "'" + path("modules") + "' holds modules for 6.1.0, and '" + path("vmlinuz") + "' is 6.12.0");
  EXPECT_TRUE(modules_beside({path("vmlinuz"), ImageKind::BzImage, "", "x86_64"}).ok());
  EXPECT_EQ(*release_of_tree(path("modules")), "6.1.0");
}

TEST(NeededModules, AreNamedOnceWithAReason) {
  std::vector<std::string_view> names = needed_module_names();
  EXPECT_THAT(names, ::testing::IsSupersetOf({"veth", "dummy", "bridge", "overlay", "nf_tables"}));
  for (const NeededModule& module : needed_modules()) EXPECT_FALSE(module.reason.empty());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace nsbench::kernel
