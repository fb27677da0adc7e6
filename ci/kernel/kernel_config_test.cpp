#include "ci/kernel/kernel_config.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/kernel/compression.h"
#include "ci/kernel/testing/made_up.h"

namespace nsbench::kernel {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using namespace std::string_literals;
using namespace testing;

constexpr const char* config = "CONFIG_NAMESPACES=y\n# CONFIG_UTS_NS is not set\n";

std::optional<std::string> config_in(ImageKind kind, std::string_view bytes) {
  Result<std::optional<std::string>> found = embedded_config_in({"k", kind, "", ""}, bytes);
  EXPECT_TRUE(found.ok()) << found.error().str();
  return found ? *found : std::nullopt;
}

std::string error_in(ImageKind kind, std::string_view bytes) {
  const auto found = embedded_config_in({"k", kind, "", ""}, bytes);
  return found ? "no error" : found.error().str();
}

TEST(KernelConfig, IsFoundInAVmlinux) {
  EXPECT_THAT(config_in(ImageKind::Vmlinux, "..." + made_ikconfig(config) + "..."),
              Optional(std::string(config)));
  EXPECT_EQ(config_in(ImageKind::Vmlinux, "nothing of the kind"), std::nullopt);
  // Marks without a configuration come first.
  EXPECT_THAT(config_in(ImageKind::Vmlinux, "IKCFG_ST%sIKCFG_ED" + made_ikconfig(config)),
              Optional(std::string(config)));
}

TEST(KernelConfig, IsFoundInTheDecompressedPayload) {
  const std::string vmlinux = std::string(100, 'v') + made_ikconfig(config);
  const std::string size = "\x12\x34\x56\x78";  // which the kernel's build appends
  for (const std::string& payload : {*gzip(vmlinux), made_xz(vmlinux) + size,
                                     made_zstd(vmlinux) + size, made_lzma(vmlinux) + size}) {
    EXPECT_THAT(config_in(ImageKind::BzImage, made_bzimage({.payload = payload})),
                Optional(std::string(config)));
  }
}

TEST(KernelConfig, APayloadThatCantBeReadHasNone) {
  EXPECT_EQ(config_in(ImageKind::BzImage, made_bzimage({.payload = "\x02\x21\x4c\x18lz4"})),
            std::nullopt);
  EXPECT_EQ(config_in(ImageKind::BzImage, made_bzimage({.payload = "?"})), std::nullopt);
}

TEST(KernelConfig, DamageIsAnError) {
  const std::string payload = *gzip(std::string(1000, 'v') + made_ikconfig(config));
  EXPECT_THAT(error_in(ImageKind::BzImage,
                       made_bzimage({.payload = payload.substr(0, payload.size() - 9)})),
              HasSubstr("'k': the payload: its gzip data is cut off"));
  const std::string image = made_bzimage({.payload = payload});
  EXPECT_THAT(error_in(ImageKind::BzImage, image.substr(0, image.size() - 1)),
              HasSubstr("its payload is not within its bytes"));
  const std::string kept = made_ikconfig(config);
  EXPECT_THAT(error_in(ImageKind::Vmlinux, kept.substr(0, 20)),
              HasSubstr("'k': the configuration: its gzip data is cut off"));
}

TEST(KernelConfig, ABombIsRefused) {
  EXPECT_THAT(error_in(ImageKind::Vmlinux, made_ikconfig(std::string(8U << 20U, '#'))),
              HasSubstr("is more than"));
}

TEST(KernelConfig, UmlHasItAsTexts) {
  const std::string texts =
      "..\0#\n\0CONFIG_UML=y\n\0# CONFIG_NET is not set\n\0..\0XCONFIG_A=y\n\0"
      "CONFIG_PART=\0CONFIG_NAMESPACES=y\n\0CONFIG_END=y"s;
  EXPECT_THAT(
      config_in(ImageKind::Uml, texts),
      Optional(std::string("CONFIG_UML=y\n# CONFIG_NET is not set\nCONFIG_NAMESPACES=y\n")));
  EXPECT_EQ(config_in(ImageKind::Uml, "\0CONFIG_NAMESPACES=y\n\0"s), std::nullopt);
  EXPECT_EQ(config_in(ImageKind::Vmlinux, texts), std::nullopt);
}

}  // namespace
}  // namespace nsbench::kernel
