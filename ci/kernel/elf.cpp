#include "ci/kernel/elf.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "ci/kernel/bytes.h"
#include "reports/printable.h"

namespace nsbench::kernel {
namespace {

struct Table {
  std::uint64_t offset;
  std::uint16_t entry_size;
  std::uint16_t count;
};

// Of a header that is there as a whole.
Table table_of(std::string_view bytes, ElfTables tables) {
  const bool segments = tables == ElfTables::Segments;
  const auto half = [&](std::size_t at) { return *number_at<std::uint16_t>(bytes, at); };
  const std::size_t offset_at =
      segments ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf64_Ehdr, e_shoff);
  return {*number_at<std::uint64_t>(bytes, offset_at),
          half(segments ? offsetof(Elf64_Ehdr, e_phentsize) : offsetof(Elf64_Ehdr, e_shentsize)),
          half(segments ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf64_Ehdr, e_shnum))};
}

std::optional<std::string_view> entry(std::string_view bytes, const Table& table, std::size_t index,
                                      std::size_t least_size) {
  if (table.entry_size < least_size) return std::nullopt;
  // No sum of these overflows: an offset past the end of the file is refused first.
  if (table.offset > bytes.size()) return std::nullopt;
  return slice(bytes, table.offset + index * table.entry_size, table.entry_size);
}

bool is_64_bit_little_endian(std::string_view bytes) {
  return bytes.size() >= sizeof(Elf64_Ehdr) && is_elf(bytes) && bytes[EI_CLASS] == ELFCLASS64 &&
         bytes[EI_DATA] == ELFDATA2LSB;
}

Error cut_off(std::string_view name, std::string_view what) {
  return Error{fmt::format("{} is cut off: {} is not within its bytes", printable(name), what)};
}

Status read_segments(std::string_view name, std::string_view bytes, Elf& elf) {
  const Table table = table_of(bytes, ElfTables::Segments);
  for (std::size_t i = 0; i < table.count; ++i) {
    const auto header = entry(bytes, table, i, sizeof(Elf64_Phdr));
    if (!header) return cut_off(name, fmt::format("the header of segment {}", i));
    const auto part =
        slice(bytes, *number_at<std::uint64_t>(*header, offsetof(Elf64_Phdr, p_offset)),
              *number_at<std::uint64_t>(*header, offsetof(Elf64_Phdr, p_filesz)));
    if (!part) return cut_off(name, fmt::format("segment {}", i));
    elf.segments.push_back({"", *number_at<std::uint32_t>(*header, 0), *part});
  }
  return {};
}

Status read_sections(std::string_view name, std::string_view bytes, Elf& elf) {
  const Table table = table_of(bytes, ElfTables::Sections);
  std::vector<std::uint32_t> names;
  for (std::size_t i = 0; i < table.count; ++i) {
    const auto header = entry(bytes, table, i, sizeof(Elf64_Shdr));
    if (!header) return cut_off(name, fmt::format("the header of section {}", i));
    const auto type = *number_at<std::uint32_t>(*header, offsetof(Elf64_Shdr, sh_type));
    const bool has_bytes = type != SHT_NULL && type != SHT_NOBITS;
    const auto size = *number_at<std::uint64_t>(*header, offsetof(Elf64_Shdr, sh_size));
    const auto offset = *number_at<std::uint64_t>(*header, offsetof(Elf64_Shdr, sh_offset));
    const auto part = has_bytes ? slice(bytes, offset, size) : std::string_view();
    if (!part) return cut_off(name, fmt::format("section {}", i));
    elf.sections.push_back({"", type, *part});
    names.push_back(*number_at<std::uint32_t>(*header, offsetof(Elf64_Shdr, sh_name)));
  }
  const auto names_in = *number_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_shstrndx));
  if (names_in >= elf.sections.size()) return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    elf.sections[i].name = text_at(elf.sections[names_in].bytes, names[i]);
  }
  return {};
}

}  // namespace

std::string_view Elf::section(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [name](const ElfPart& part) { return part.name == name; });
  return found == sections.end() ? std::string_view() : found->bytes;
}

bool is_elf(std::string_view bytes) { return bytes.starts_with(ELFMAG); }

std::string elf_machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_386:
      return "i686";
    case EM_AARCH64:
      return "aarch64";
    default:
      return fmt::format("machine {}", machine);
  }
}

std::uint16_t own_elf_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#else
  return EM_NONE;
#endif
}

std::string own_machine() { return elf_machine_name(own_elf_machine()); }

Result<Elf> read_elf(std::string_view name, std::string_view bytes, ElfTables tables) {
  if (!is_elf(bytes)) return Error{fmt::format("{} is not an ELF file", printable(name))};
  if (bytes.size() < sizeof(Elf64_Ehdr)) return cut_off(name, "the ELF header");
  if (!is_64_bit_little_endian(bytes)) {
    return Error{fmt::format("{} is not a 64-bit little-endian ELF file", printable(name))};
  }
  Elf elf;
  elf.machine = *number_at<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine));
  const Status status = tables == ElfTables::Segments ? read_segments(name, bytes, elf)
                                                      : read_sections(name, bytes, elf);
  if (!status) return status.error();
  return elf;
}

std::uint64_t segments_end(std::string_view first_bytes, std::uint64_t limit) {
  if (!is_64_bit_little_endian(first_bytes)) return 0;
  const Table table = table_of(first_bytes, ElfTables::Segments);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < table.count; ++i) {
    const auto header = entry(first_bytes, table, i, sizeof(Elf64_Phdr));
    if (!header) break;
    const auto offset = *number_at<std::uint64_t>(*header, offsetof(Elf64_Phdr, p_offset));
    const auto size = *number_at<std::uint64_t>(*header, offsetof(Elf64_Phdr, p_filesz));
    const bool fits = offset <= limit && size <= limit - offset;
    end = std::max(end, fits ? offset + size : limit);
  }
  return end;
}

}  // namespace nsbench::kernel
