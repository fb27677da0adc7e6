#include "ci/kernel/image.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ci/kernel/elf.h"
#include "ci/kernel/testing/made_up.h"
#include "suites/testing/in_directory.h"

namespace nsbench::kernel {
namespace {

using ::testing::HasSubstr;
using namespace testing;
using ImageFile = nsbench::testing::InDirectory;

// bzImages are refused as a whole elsewhere.
bool on_x86() { return own_machine() == "x86_64"; }

std::string error_of(std::string_view bytes) {
  const Result<Image> image = inspect_image_bytes("k", bytes);
  return image ? "no error" : image.error().str();
}

TEST(Image, KnowsABzImage) {
  if (!on_x86()) GTEST_SKIP() << "bzImages are x86's";
  const Result<Image> image = inspect_image_bytes("k", made_bzimage({}));
  ASSERT_TRUE(image.ok()) << image.error().str();
  EXPECT_EQ(image->kind, ImageKind::BzImage);
  EXPECT_EQ(image->release, "6.1.2-made-up");
  EXPECT_EQ(image->machine, "x86_64");
  EXPECT_EQ(image->path, "k");
}

TEST(Image, KnowsAVmlinux) {
  const Result<Image> image = inspect_image_bytes("k", made_vmlinux("6.12.1-rc2+"));
  ASSERT_TRUE(image.ok()) << image.error().str();
  EXPECT_EQ(image->kind, ImageKind::Vmlinux);
  EXPECT_EQ(image->release, "6.12.1-rc2+");
  EXPECT_EQ(image->machine, own_machine());
}

TEST(Image, KnowsUserModeLinux) {
  const Result<Image> image = inspect_image_bytes("k", made_uml("6.1.176"));
  ASSERT_TRUE(image.ok()) << image.error().str();
  EXPECT_EQ(image->kind, ImageKind::Uml);
  EXPECT_EQ(image->release, "6.1.176");
}

TEST(Image, AVmlinuxNeedsAPvhNote) {
  MadeElf elf = own_elf();
  elf.segments = {{PT_LOAD, banner("6.1.0")}};
  EXPECT_THAT(error_of(made_elf(elf)), HasSubstr("CONFIG_PVH=y"));
  // The note of another type, and one that is cut off.
  std::string other = pvh_note();
  other[8] = 17;
  elf.segments = {
      {PT_LOAD, banner("6.1.0")}, {PT_NOTE, other}, {PT_NOTE, pvh_note().substr(0, 15)}};
  EXPECT_THAT(error_of(made_elf(elf)), HasSubstr("CONFIG_PVH=y"));
  // It may come after others.
  elf.segments[1].second = std::string("\x04\0\0\0\0\0\0\0\x03\0\0\0GNU\0", 16) + pvh_note();
  EXPECT_EQ(error_of(made_elf(elf)), "no error");
}

TEST(Image, AProgramThatLooksForKernelsIsNone) {
  MadeElf elf = own_elf();
  elf.segments = {
      {PT_LOAD, std::string("Linux version ") + '\0' + "User Mode Linux uml_dir= umid="}};
  EXPECT_EQ(error_of(made_elf(elf)), "'k' is an ELF file, but not a Linux kernel");
  EXPECT_THAT(inspect_image("/proc/self/exe").error().str(), HasSubstr("not a Linux kernel"));
}

TEST(Image, NamesAnotherMachine) {
  MadeElf elf = own_elf();
  elf.machine = EM_RISCV;
  elf.segments = {{PT_LOAD, banner("6.1.0")}};
  EXPECT_EQ(error_of(made_elf(elf)),
            "'k' is a kernel for machine 243; this nsbench boots those for " + own_machine());
  elf.segments.clear();
  EXPECT_EQ(error_of(made_elf(elf)), "'k' is an ELF file for machine 243");
  EXPECT_THAT(error_of(made_bzimage({.xloadflags = 0})), HasSubstr("is a kernel for i686"));
}

TEST(Image, NamesFormatsThatItDoesNotBoot) {
  EXPECT_EQ(error_of(""), "'k' is empty");
  EXPECT_THAT(error_of("#!/bin/sh\n"), HasSubstr("'k' is not a kernel: neither a bzImage"));
  EXPECT_THAT(error_of(std::string(0x38, '\0') + "ARM\x64"), HasSubstr("arm64 Image"));
  EXPECT_THAT(error_of(std::string("MZ\0\0zimg", 8)), HasSubstr("EFI zboot"));
  EXPECT_EQ(error_of("\x1f\x8b\x08"), "'k' is a file compressed with gzip, not a kernel image");
  EXPECT_THAT(error_of(made_bzimage({.protocol = 0x207})), HasSubstr("boot protocol 2.07"));
}

TEST(Image, CutOffAnywhereIsNoKernelAndNoCrash) {
  for (const std::string& whole : {made_bzimage({}), made_vmlinux("6.1.0"), made_uml("6.1.0")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(inspect_image_bytes("k", std::string_view(whole).substr(0, size)).ok()) << size;
    }
  }
}

TEST(Image, AnyByteMayBeWrong) {
  for (const std::string& whole : {made_bzimage({}), made_vmlinux("6.1.0"), made_uml("6.1.0")}) {
    for (std::size_t at = 0; at < std::min<std::size_t>(whole.size(), 0x400); ++at) {
      for (const char value : {'\0', '\x7f', '\xff'}) {
        std::string wrong = whole;
        wrong[at] = value;
        static_cast<void>(inspect_image_bytes("k", wrong));
      }
    }
  }
}

TEST(Image, APayloadPastTheEndIsNamed) {
  if (!on_x86()) GTEST_SKIP() << "bzImages are x86's";
  for (const std::size_t field : {0x248U, 0x24cU}) {
    std::string wrong = made_bzimage({});
    wrong.replace(field, 4, "\xff\xff\xff\xff");
    EXPECT_EQ(error_of(wrong), "'k' is cut off: the payload of a bzImage is not within its bytes");
  }
}

TEST(Image, AReleaseIsNoPath) {
  if (!on_x86()) GTEST_SKIP() << "bzImages are x86's";
  for (const char* release : {"../../etc", "6.1/../..", "", "\x1b[31m", "6.1\n"}) {
    const Result<Image> image = inspect_image_bytes("k", made_bzimage({.release = release}));
    ASSERT_TRUE(image.ok()) << image.error().str();
    EXPECT_EQ(image->release, "");
  }
}

TEST_F(ImageFile, IsReadFromAFile) {
  const std::string file = saved("vmlinux", made_vmlinux("6.1.0") + std::string(1U << 20U, 'd'));
  const Result<Image> image = inspect_image(file);
  ASSERT_TRUE(image.ok()) << image.error().str();
  EXPECT_EQ(image->path, file);
  // What lies behind the segments, debug information, is not read.
  EXPECT_LE(read_image(file)->size(), 1U << 16U);
}

TEST_F(ImageFile, WhatIsNoFileIsSaid) {
  EXPECT_THAT(inspect_image(path("none")).error().str(), HasSubstr("none'): ENOENT"));
  EXPECT_THAT(inspect_image(directory_).error().str(), HasSubstr("is a directory"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(inspect_image(path("fifo")).error().str(), HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace nsbench::kernel
