#include "ci/kernel/testing/made_up.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zstd.h>

#include <cstddef>

#include "ci/kernel/compression.h"
#include "ci/kernel/elf.h"

namespace nsbench::kernel::testing {
namespace {

using namespace std::string_view_literals;

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value);
  bytes.replace(at, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void append(std::string& bytes, const T& header) {
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
}

Elf64_Ehdr header_of(const MadeElf& elf, std::size_t sections_at) {
  Elf64_Ehdr header{};
  std::string_view(ELFMAG).copy(reinterpret_cast<char*>(header.e_ident), SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = elf.type;
  header.e_machine = elf.machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(elf.segments.size());
  header.e_shoff = sections_at;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(elf.sections.empty() ? 0 : elf.sections.size() + 2);
  header.e_shstrndx = static_cast<Elf64_Half>(elf.sections.empty() ? 0 : elf.sections.size() + 1);
  return header;
}

}  // namespace

std::string made_elf(const MadeElf& elf) {
  std::string headers;
  std::string body;
  const std::size_t body_at = sizeof(Elf64_Ehdr) + elf.segments.size() * sizeof(Elf64_Phdr);
  for (const auto& [type, bytes] : elf.segments) {
    Elf64_Phdr header{};
    header.p_type = type;
    header.p_offset = body_at + body.size();
    header.p_filesz = bytes.size();
    append(headers, header);
    body += bytes;
  }
  std::string section_headers(sizeof(Elf64_Shdr), '\0');
  std::string names(1, '\0');
  const auto add_section = [&](const std::string& name, const std::string& bytes) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = SHT_PROGBITS;
    header.sh_offset = body_at + body.size();
    header.sh_size = bytes.size();
    append(section_headers, header);
    body += bytes;
    names += name + '\0';
  };
  for (const auto& [name, bytes] : elf.sections) add_section(name, bytes);
  // Its size has to be known before its own name is in it.
  if (!elf.sections.empty()) add_section("", names);
  std::string file;
  append(file, header_of(elf, body_at + body.size()));
  return file + headers + body + (elf.sections.empty() ? "" : section_headers);
}

MadeElf own_elf() { return {.machine = own_elf_machine()}; }

std::string banner(std::string_view release) {
  return "Linux version " + std::string(release) + " (somebody@somewhere) #1\n";
}

std::string pvh_note() { return std::string("\x04\0\0\0\x04\0\0\0\x12\0\0\0Xen\0\0\0\0\x01"sv); }

std::string made_vmlinux(std::string_view release) {
  MadeElf elf = own_elf();
  elf.segments = {{PT_LOAD, banner(release)}, {PT_NOTE, pvh_note()}};
  return made_elf(elf);
}

std::string made_uml(std::string_view release) {
  MadeElf elf = own_elf();
  // In parts, so that this program is not taken for one.
  elf.segments = {{PT_INTERP, "/lib/ld.so"},
                  {PT_LOAD, banner(release) + std::string("User Mode ") + "Linux v%s" + "uml_" +
                                "dir=<directory>" + "um" + "id=<name>"}};
  return made_elf(elf);
}

std::string made_bzimage(const MadeBzImage& image) {
  constexpr std::uint8_t sectors = 2;
  constexpr std::size_t setup_bytes = (sectors + 1) * std::size_t{512};
  constexpr std::uint32_t payload_offset = 16;
  std::string file(setup_bytes + payload_offset, '\0');
  put(file, 0x1f1, sectors);
  put(file, 0x1fe, std::uint16_t{0xaa55});
  file.replace(0x202, 4, "HdrS");
  put(file, 0x206, image.protocol);
  put(file, 0x20e, std::uint16_t{0x100});
  put(file, 0x236, image.xloadflags);
  put(file, 0x248, payload_offset);
  put(file, 0x24c, static_cast<std::uint32_t>(image.payload.size()));
  const std::string version = image.release + " (somebody@somewhere) #1";
  file.replace(0x300, version.size(), version);
  return file + image.payload;
}

std::string made_ikconfig(std::string_view config) {
  return "IKCFG_ST" + *gzip(config, 9) + "IKCFG_ED";
}

std::string made_module(const std::vector<std::string>& modinfo) {
  MadeElf elf = own_elf();
  elf.type = ET_REL;
  std::string all;
  for (const std::string& entry : modinfo) all += entry + '\0';
  elf.sections = {{".modinfo", all}};
  return made_elf(elf);
}

std::string made_xz(std::string_view text) {
  std::string out(::lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(::lzma_easy_buffer_encode(
                6, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string made_lzma(std::string_view text) {
  lzma_options_lzma options{};
  ::lzma_lzma_preset(&options, 6);
  lzma_stream stream = LZMA_STREAM_INIT;
  EXPECT_EQ(::lzma_alone_encoder(&stream, &options), LZMA_OK);
  std::string out(text.size() * 2 + 1024, '\0');
  stream.next_in = reinterpret_cast<const std::uint8_t*>(text.data());
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = out.size();
  EXPECT_EQ(::lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  ::lzma_end(&stream);
  return out;
}

std::string made_zstd(std::string_view text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

}  // namespace nsbench::kernel::testing
