#include "bench/footprint.h"

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "probes/sandbox/files.h"

namespace nsbench::bench {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool children_need_all = true;  // the shadow of every byte of the stack
#elif defined(__has_feature)
constexpr bool children_need_all = __has_feature(address_sanitizer);
#else
constexpr bool children_need_all = false;
#endif

// Where malloc begins to make mappings of their own for blocks (mallopt(3), M_MMAP_THRESHOLD).
constexpr std::uintptr_t least_block = 128UL * 1024;
// More than the static thread-local data of any of our programs.
constexpr std::uintptr_t thread_data = 64UL * 1024;

struct Mapping {
  AddressRange range;
  bool is_private = false;    // "rw-p", "r-xp"
  bool private_data = false;  // "rw-p"
  bool file = false;
  std::string name;
};

std::optional<Mapping> parse(const std::string& line) {
  unsigned long begin = 0;
  unsigned long end = 0;
  unsigned long inode = 0;
  char permissions[5] = "";
  int name_at = 0;
  if (std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %lu %n", &begin, &end, permissions, &inode,
                  &name_at) != 4) {
    return std::nullopt;
  }
  return Mapping{.range = {begin, end},
                 .is_private = permissions[3] == 'p',
                 .private_data = std::string_view(permissions) == "rw-p",
                 .file = inode != 0,
                 .name = line.substr(static_cast<std::size_t>(name_at))};
}

void add_without(AddressRange kept, AddressRange range, std::vector<AddressRange>& out) {
  const AddressRange below{range.begin, std::clamp(kept.begin, range.begin, range.end)};
  const AddressRange above{std::clamp(kept.end, range.begin, range.end), range.end};
  if (below.begin < below.end) out.push_back(below);
  if (above.begin < above.end) out.push_back(above);
}

std::vector<Mapping> parse_all(std::string_view maps) {
  std::vector<Mapping> all;
  std::istringstream lines{std::string(maps)};
  for (std::string line; std::getline(lines, line);) {
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
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const Mapping& mapping : parse_all(maps)) {
    if (!contains(mapping.range, here)) continue;
    const std::uintptr_t end = (here - still_used) / page * page;
    if (end <= mapping.range.begin) return;
    ::madvise(reinterpret_cast<void*>(mapping.range.begin), end - mapping.range.begin,
              MADV_DONTNEED);
  }
}

// One address in each file without which no system call can be made: the program, the C library,
// its loader (whose data the C library reads).
std::vector<std::uintptr_t> needed_for_calls() {
  return {address_in_program(), address_in_c_library(),
          static_cast<std::uintptr_t>(::getauxval(AT_BASE))};
}

}  // namespace

std::vector<AddressRange> heap_of(std::string_view maps, AddressRange kept) {
  std::vector<AddressRange> heap;
  std::uintptr_t file_end = 0;  // of a file's mapping, and the .bss behind it
  for (const Mapping& mapping : parse_all(maps)) {
    const AddressRange range = mapping.range;
    const bool block =
        mapping.name.empty() && range.end - range.begin >= least_block && range.begin != file_end;
    if (mapping.private_data && !mapping.file && (mapping.name == "[heap]" || block)) {
      add_without(kept, range, heap);
    }
    if (mapping.file) file_end = range.end;
  }
  return heap;
}

std::vector<AddressRange> files_without(std::string_view maps,
                                        std::span<const std::uintptr_t> needed) {
  const std::vector<Mapping> all = parse_all(maps);
  std::set<std::string> needed_files;
  for (const Mapping& mapping : all) {
    for (const std::uintptr_t address : needed) {
      if (mapping.file && contains(mapping.range, address)) needed_files.insert(mapping.name);
    }
  }
  std::vector<AddressRange> found;
  std::uintptr_t end = 0;  // of the last one found
  for (const Mapping& mapping : all) {
    if (!mapping.is_private) continue;
    const bool bss = !mapping.file && mapping.name.empty() && mapping.range.begin == end;
    if (!bss && (!mapping.file || needed_files.contains(mapping.name))) continue;
    found.push_back(mapping.range);
    end = mapping.range.end;
  }
  return found;
}

std::vector<AddressRange> data_of(std::string_view maps, std::uintptr_t in_file,
                                  std::uintptr_t needed) {
  const std::vector<Mapping> all = parse_all(maps);
  std::string file;
  for (const Mapping& mapping : all) {
    if (mapping.file && contains(mapping.range, in_file)) file = mapping.name;
  }
  std::vector<AddressRange> found;
  std::uintptr_t end = 0;  // of the last one found
  for (const Mapping& mapping : all) {
    const bool data = mapping.file && !file.empty() && mapping.name == file;
    const bool bss = !mapping.file && mapping.name.empty() && mapping.range.begin == end;
    if (!mapping.private_data || (!data && !bss)) continue;
    if (contains(mapping.range, needed)) return {};
    found.push_back(mapping.range);
    end = mapping.range.end;
  }
  return found;
}

void leave_heap_out_of_children() {
  if (children_need_all) return;
  const Result<std::string> maps = read_small_file("/proc/self/maps");
  if (!maps) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(&errno) / page * page;
  const AddressRange kept{here - thread_data, here + thread_data};
  std::vector<AddressRange> left_out = heap_of(*maps, kept);
  for (const std::vector<AddressRange>& more :
       {files_without(*maps, needed_for_calls()),
        data_of(*maps, address_in_program(), address_in_c_library())}) {
    left_out.insert(left_out.end(), more.begin(), more.end());
  }
  for (const AddressRange& range : left_out) {
    // The addresses come from the kernel; a range that is refused only costs its copying.
    ::madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTFORK);
  }
  free_stack_below(*maps, here_on_stack());
}

std::vector<AddressRange> idle_libraries(bool formats) {
  if (children_need_all) return {};
  const Result<std::string> maps = read_small_file("/proc/self/maps");
  if (!maps) return {};
  std::vector<std::uintptr_t> needed = needed_for_calls();
  needed.push_back(reinterpret_cast<std::uintptr_t>(&std::terminate));  // the C++ library
  const auto format =
      static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);
  if (formats) needed.push_back(reinterpret_cast<std::uintptr_t>(format));
  return files_without(*maps, needed);
}

void unmap(const std::vector<AddressRange>& ranges) {
  for (const AddressRange& range : ranges) {
    ::munmap(reinterpret_cast<void*>(range.begin), range.end - range.begin);
  }
}

}  // namespace nsbench::bench
