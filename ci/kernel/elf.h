// What we need to know of ELF files: a kernel's, a module's, the static nsbench's (elf(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench::kernel {

struct ElfPart {
  std::string_view name;   // a section's; a segment has none
  std::uint32_t type = 0;  // PT_..., SHT_...
  std::string_view bytes;
};

// Parts of the text that was given to read_elf().
struct Elf {
  std::uint16_t machine = 0;  // EM_...
  std::vector<ElfPart> segments;
  std::vector<ElfPart> sections;

  // The first section of that name; empty if there is none.
  [[nodiscard]] std::string_view section(std::string_view name) const;
};

bool is_elf(std::string_view bytes);
// "x86_64", "i686", "aarch64", as uname(2) calls them; "machine 243" for those we have no name for.
std::string elf_machine_name(std::uint16_t machine);
// EM_... of the machine that nsbench was built for, and its name.
std::uint16_t own_elf_machine();
std::string own_machine();

enum class ElfTables { Segments, Sections };

// Reads a 64-bit little-endian file: one of its two tables, since files are often read only as far
// as their segments go. Errors, which begin with `name`: no such file, a table or part of it that
// is not within `bytes`.
Result<Elf> read_elf(std::string_view name, std::string_view bytes, ElfTables tables);

// How far the segments go that a file's first bytes tell of, up to `limit`; 0 if there are none.
std::uint64_t segments_end(std::string_view first_bytes, std::uint64_t limit);

}  // namespace nsbench::kernel
