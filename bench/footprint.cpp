#include "bench/footprint.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::bench {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(NSBENCH_COVERAGE)
constexpr bool children_need_all = true;  // the shadow of every byte of the stack; counters
#elif defined(__has_feature)
constexpr bool children_need_all = __has_feature(address_sanitizer);
#else
constexpr bool children_need_all = false;
#endif

// Where malloc begins to make mappings of their own for blocks (mallopt(3), M_MMAP_THRESHOLD).
constexpr std::uintptr_t least_block = 128UL * 1024;
// More than the static thread-local data of any of our programs.
constexpr std::uintptr_t thread_data = 64UL * 1024;

std::uintptr_t page_size() {
  static const auto size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// Of this thread.
AddressRange thread_data_range() {
  const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(&errno) / page_size() * page_size();
  return {here - thread_data, here + thread_data};
}

struct Mapping {
  AddressRange range;
  bool private_data = false;  // "rw-p"
  bool file = false;
  std::string name;
};

// A line of proc_pid_maps(5): "55d0-55e0 rw-p 00000000 08:02 173521    /usr/bin/dbus".
std::optional<Mapping> parse(std::string_view line) {
  constexpr std::size_t permissions = 1, inode = 4, columns = 5;
  std::string_view rest = line;
  const auto begin = take_number<std::uintptr_t>(rest, 16);
  if (!begin || !rest.starts_with('-')) return std::nullopt;
  rest.remove_prefix(1);
  const auto end = take_number<std::uintptr_t>(rest, 16);
  const std::vector<std::string_view> words = split_words(line);
  if (!end || *end < *begin || words.size() < columns) return std::nullopt;
  const auto number = parse_number<std::uint64_t>(words[inode]);
  if (!number) return std::nullopt;
  const std::size_t name_at = words.size() > columns
                                  ? static_cast<std::size_t>(words[columns].data() - line.data())
                                  : line.size();
  return Mapping{.range = {*begin, *end},
                 .private_data = words[permissions] == "rw-p",
                 .file = *number != 0,
                 .name = std::string(line.substr(name_at))};
}

void add_without(AddressRange kept, AddressRange range, std::vector<AddressRange>& out) {
  const AddressRange below{range.begin, std::clamp(kept.begin, range.begin, range.end)};
  const AddressRange above{std::clamp(kept.end, range.begin, range.end), range.end};
  if (below.begin < below.end) out.push_back(below);
  if (above.begin < above.end) out.push_back(above);
}

std::vector<Mapping> parse_all(std::string_view maps) {
  std::vector<Mapping> all;
  for (const std::string_view line : split_lines(maps)) {
    if (std::optional<Mapping> mapping = parse(line)) all.push_back(*std::move(mapping));
  }
  return all;
}

bool contains(AddressRange range, std::uintptr_t address) {
  return range.begin <= address && address < range.end;
}

std::uintptr_t address_in_program() {
  return reinterpret_cast<std::uintptr_t>(&leave_heap_out_of_children);
}
// In its data, which is the program's own in a static one.
std::uintptr_t address_in_c_library() { return reinterpret_cast<std::uintptr_t>(stdout); }

[[gnu::noinline]] std::uintptr_t here_on_stack() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

// Pages that deeper calls have used once, and that each fork would copy.
void free_stack_below(std::string_view maps, std::uintptr_t here) {
  constexpr std::uintptr_t still_used = 16UL * 1024;  // by the calls below, and a signal's frame
  const std::uintptr_t page = page_size();
  for (const Mapping& mapping : parse_all(maps)) {
    if (!contains(mapping.range, here)) continue;
    const std::uintptr_t end = (here - still_used) / page * page;
    if (end <= mapping.range.begin) return;
    ::madvise(reinterpret_cast<void*>(mapping.range.begin), end - mapping.range.begin,
              MADV_DONTNEED);
  }
}

// One address in each file without which no system call can be made: the program, the C library,
// its loader (whose data the C library reads), the vDSO.
std::vector<std::uintptr_t> needed_for_calls() {
  return {address_in_program(), address_in_c_library(),
          static_cast<std::uintptr_t>(::getauxval(AT_BASE)),
          static_cast<std::uintptr_t>(::getauxval(AT_SYSINFO_EHDR))};
}

struct Listing {
  std::vector<Mapping> mapped;
  std::vector<LoadedFile> files;
};

int list_file(dl_phdr_info* info, std::size_t /*size*/, void* out) {
  Listing& listing = *static_cast<Listing*>(out);
  const auto headers = reinterpret_cast<std::uintptr_t>(info->dlpi_phdr);
  // The loader goes on listing what unmap() has taken away.
  const bool mapped =
      std::any_of(listing.mapped.begin(), listing.mapped.end(),
                  [headers](const Mapping& mapping) { return contains(mapping.range, headers); });
  if (!mapped) return 0;
  const std::span segments(info->dlpi_phdr, info->dlpi_phnum);
  listing.files.push_back(loaded_file(segments, info->dlpi_addr, page_size()));
  return 0;
}

std::vector<LoadedFile> loaded_files(std::string_view maps) {
  Listing listing{.mapped = parse_all(maps), .files = {}};
  ::dl_iterate_phdr(list_file, &listing);
  return std::move(listing.files);
}

}  // namespace

std::vector<AddressRange> heap_of(std::string_view maps, AddressRange kept) {
  std::vector<AddressRange> heap;
  for (const Mapping& mapping : parse_all(maps)) {
    if (mapping.private_data && mapping.name == "[heap]") add_without(kept, mapping.range, heap);
  }
  const std::vector<AddressRange> blocks = blocks_of(maps, kept);
  heap.insert(heap.end(), blocks.begin(), blocks.end());
  return heap;
}

std::vector<AddressRange> blocks_of(std::string_view maps, AddressRange kept) {
  std::vector<AddressRange> blocks;
  std::uintptr_t file_end = 0;  // of a file's mapping, and the .bss behind it
  for (const Mapping& mapping : parse_all(maps)) {
    const AddressRange range = mapping.range;
    const bool block = mapping.private_data && !mapping.file && mapping.name.empty() &&
                       range.end - range.begin >= least_block && range.begin != file_end;
    if (block) add_without(kept, range, blocks);
    if (mapping.file) file_end = range.end;
  }
  return blocks;
}

LoadedFile loaded_file(std::span<const ElfW(Phdr)> segments, std::uintptr_t base,
                       std::uintptr_t page) {
  const auto down = [&](std::uintptr_t address) { return (base + address) / page * page; };
  const auto up = [&](std::uintptr_t address) { return down(address + page - 1); };
  LoadedFile file;
  AddressRange read_only;  // since its relocation
  for (const ElfW(Phdr) & segment : segments) {
    // Rounded down at both ends, as the loader does it.
    if (segment.p_type == PT_GNU_RELRO) {
      read_only = {down(segment.p_vaddr), down(segment.p_vaddr + segment.p_memsz)};
    }
  }
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type != PT_LOAD) continue;
    const AddressRange range{down(segment.p_vaddr), up(segment.p_vaddr + segment.p_memsz)};
    if (file.span.end == 0) file.span.begin = range.begin;
    file.span.end = range.end;
    if ((segment.p_flags & PF_W) != 0) add_without(read_only, range, file.data);
  }
  return file;
}

std::vector<AddressRange> files_without(std::span<const LoadedFile> files,
                                        std::span<const std::uintptr_t> needed) {
  std::vector<AddressRange> found;
  for (const LoadedFile& file : files) {
    const bool is_needed =
        std::any_of(needed.begin(), needed.end(),
                    [&file](std::uintptr_t address) { return contains(file.span, address); });
    if (!is_needed) found.push_back(file.span);
  }
  return found;
}

std::vector<AddressRange> data_of(std::span<const LoadedFile> files, std::uintptr_t in_file,
                                  std::uintptr_t needed) {
  for (const LoadedFile& file : files) {
    if (!contains(file.span, in_file)) continue;
    return contains(file.span, needed) ? std::vector<AddressRange>{} : file.data;
  }
  return {};
}

void leave_heap_out_of_children() {
  if (children_need_all) return;
  const Result<std::string> maps = read_small_file("/proc/self/maps");
  if (!maps) return;
  std::vector<AddressRange> left_out = heap_of(*maps, thread_data_range());
  const std::vector<LoadedFile> files = loaded_files(*maps);
  for (const std::vector<AddressRange>& more :
       {files_without(files, needed_for_calls()),
        data_of(files, address_in_program(), address_in_c_library())}) {
    left_out.insert(left_out.end(), more.begin(), more.end());
  }
  for (const AddressRange& range : left_out) {
    // The addresses come from the kernel; a range that is refused only costs its copying.
    ::madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTFORK);
  }
  free_stack_below(*maps, here_on_stack());
}

std::vector<AddressRange> idle_mappings(Libraries needed) {
  if (children_need_all) return {};
  const Result<std::string> maps = read_small_file("/proc/self/maps");
  if (!maps) return {};
  std::vector<std::uintptr_t> kept = needed_for_calls();
  if (needed != Libraries::C) kept.push_back(reinterpret_cast<std::uintptr_t>(&std::terminate));
  const auto format =
      static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);
  if (needed == Libraries::Fmt) kept.push_back(reinterpret_cast<std::uintptr_t>(format));
  std::vector<AddressRange> idle = files_without(loaded_files(*maps), kept);
  if (needed == Libraries::C) {
    const std::vector<AddressRange> blocks = blocks_of(*maps, thread_data_range());
    idle.insert(idle.end(), blocks.begin(), blocks.end());
  }
  return idle;
}

void unmap(const std::vector<AddressRange>& ranges) {
  for (const AddressRange& range : ranges) {
    ::munmap(reinterpret_cast<void*>(range.begin), range.end - range.begin);
  }
}

}  // namespace nsbench::bench
