#include "ci/kernel/initramfs.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/kernel/compression.h"
#include "ci/kernel/testing/made_up.h"
#include "suites/testing/in_directory.h"

namespace nsbench::kernel {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using namespace testing;

class Initramfs : public nsbench::testing::InDirectory {
 protected:
  [[nodiscard]] InitramfsSpec spec() const {
    MadeElf elf = own_elf();
    elf.segments = {{PT_LOAD, "the program"}};
    return {.init_path = saved("nsbench", made_elf(elf))};
  }
  static std::string archive(const InitramfsSpec& spec) {
    const Result<std::string> packed = make_initramfs(spec);
    EXPECT_TRUE(packed.ok()) << packed.error().str();
    return packed ? *decompress("initramfs", *packed, 1U << 20U) : "";
  }
  static std::string error_of(const InitramfsSpec& spec) {
    const Result<std::string> packed = make_initramfs(spec);
    return packed ? "no error" : packed.error().str();
  }
};

TEST_F(Initramfs, HasWhatAGuestNeeds) {
  const std::string bytes = archive(spec());
  for (const char* path : {"dev", "dev/console", "proc", "sys", "tmp", "init", "nsbench/arguments",
                           "nsbench/modules", "nsbench/modules.list"}) {
    EXPECT_THAT(bytes, HasSubstr("00000000" + std::string(path) + '\0')) << path;
  }
  EXPECT_THAT(bytes, HasSubstr("the program"));
}

TEST_F(Initramfs, HasArgumentsModulesAndFiles) {
  InitramfsSpec with = spec();
  with.arguments = {"isolation", "", "--ways=unshare setns"};
  with.modules = {{"stp", "the first module"}, {"bridge", "the second module"}};
  with.files = {{"/nsbench/plan.json", "{}"}, {"/nsbench/deep/er/file", "found"}};
  const std::string bytes = archive(with);
  EXPECT_THAT(bytes, HasSubstr("isolation\0\0--ways=unshare setns\0"s));
  EXPECT_THAT(bytes, HasSubstr("/nsbench/modules/01-stp.ko\n/nsbench/modules/02-bridge.ko\n"));
  EXPECT_LT(bytes.find("the first module"), bytes.find("the second module"));
  EXPECT_THAT(bytes, HasSubstr("nsbench/deep/er\0"s));
  EXPECT_THAT(bytes, HasSubstr("found"));
}

TEST_F(Initramfs, IsTheSameEveryTime) {
  EXPECT_EQ(*make_initramfs(spec()), *make_initramfs(spec()));
}

TEST_F(Initramfs, InitIsStatic) {
  MadeElf elf = own_elf();
  elf.segments = {{PT_LOAD, "code"}, {PT_INTERP, "/lib64/ld-linux-x86-64.so.2"}};
  const std::string error = error_of({.init_path = saved("dynamic", made_elf(elf))});
  EXPECT_THAT(error, HasSubstr("dynamic' is dynamically linked"));
  EXPECT_THAT(error, HasSubstr("nsbench-static"));
  // A static PIE is fine, an object file is not.
  elf.segments.pop_back();
  elf.type = ET_DYN;
  EXPECT_EQ(error_of({.init_path = saved("pie", made_elf(elf))}), "no error");
  elf.type = ET_REL;
  EXPECT_THAT(error_of({.init_path = saved("object", made_elf(elf))}),
              HasSubstr("object' is not a program; take nsbench-static"));
}

TEST_F(Initramfs, AnInitThatIsNoneIsNamed) {
  EXPECT_THAT(error_of({.init_path = path("none")}), HasSubstr("none'): ENOENT"));
  EXPECT_THAT(error_of({.init_path = directory_}), HasSubstr("is a directory"));
  EXPECT_THAT(error_of({.init_path = saved("script", "#!/bin/sh\n")}),
              HasSubstr("script' is not an ELF file, and can't be /init"));
  MadeElf elf = own_elf();
  elf.machine = EM_S390;
  EXPECT_THAT(error_of({.init_path = saved("other", made_elf(elf))}),
              HasSubstr("is a program for machine 22"));
  const std::string whole = made_elf({.segments = {{PT_LOAD, "code"}}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(check_static("init", std::string_view(whole).substr(0, size)).ok()) << size;
  }
}

TEST_F(Initramfs, WhatCantBeWrittenIsNamed) {
  InitramfsSpec wrong = spec();
  wrong.arguments = {"a\0b"s};
  EXPECT_EQ(error_of(wrong), "the argument 'a\\x00b' has a NUL byte");
  wrong = spec();
  wrong.files = {{"/init", "another"}};
  EXPECT_EQ(error_of(wrong), "initramfs: '/init' is written twice");
  wrong.files = {{"/../etc/passwd", ""}};
  EXPECT_THAT(error_of(wrong), HasSubstr("is not a plain path"));
  wrong = spec();
  wrong.modules = {{"../a", ""}};
  EXPECT_NE(error_of(wrong), "no error");
}

}  // namespace
}  // namespace nsbench::kernel
