// For tests: files of the formats that this room reads, as small as they can be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nsbench::kernel::testing {

struct MadeElf {
  std::uint16_t type = 2;      // ET_EXEC
  std::uint16_t machine = 62;  // EM_X86_64
  std::vector<std::pair<std::uint32_t, std::string>> segments;
  std::vector<std::pair<std::string, std::string>> sections;
};
// An ELF file with both tables: header, segments' headers, segments, sections, their headers.
std::string made_elf(const MadeElf& elf);

// As `elf`, for this machine: tests of what is refused give another.
MadeElf own_elf();

std::string banner(std::string_view release);
std::string pvh_note();
std::string made_vmlinux(std::string_view release);
std::string made_uml(std::string_view release);

struct MadeBzImage {
  std::string release = "6.1.2-made-up";
  std::string payload = "payload";
  std::uint16_t protocol = 0x20f;
  std::uint16_t xloadflags = 1;
};
std::string made_bzimage(const MadeBzImage& image);

// "IKCFG_ST" gzip "IKCFG_ED"
std::string made_ikconfig(std::string_view config);

// A module with that .modinfo, whose texts are ended by NUL bytes here.
std::string made_module(const std::vector<std::string>& modinfo);

// What xz(1) and zstd(1) would make of `text`.
std::string made_xz(std::string_view text);
std::string made_lzma(std::string_view text);
std::string made_zstd(std::string_view text);

}  // namespace nsbench::kernel::testing
