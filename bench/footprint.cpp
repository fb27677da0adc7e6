#include "bench/footprint.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
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

}  // namespace

std::vector<AddressRange> heap_of(std::string_view maps, AddressRange kept) {
  std::vector<AddressRange> heap;
  std::istringstream lines{std::string(maps)};
  std::uintptr_t file_end = 0;  // of a file's mapping, and the .bss behind it
  for (std::string line; std::getline(lines, line);) {
    const std::optional<Mapping> mapping = parse(line);
    if (!mapping) continue;
    const AddressRange range = mapping->range;
    const bool block =
        mapping->name.empty() && range.end - range.begin >= least_block && range.begin != file_end;
    if (mapping->private_data && !mapping->file && (mapping->name == "[heap]" || block)) {
      add_without(kept, range, heap);
    }
    if (mapping->file) file_end = range.end;
  }
  return heap;
}

void leave_heap_out_of_children() {
  if (children_need_all) return;
  const Result<std::string> maps = read_small_file("/proc/self/maps");
  if (!maps) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(&errno) / page * page;
  const AddressRange kept{here - thread_data, here + thread_data};
  for (const AddressRange& range : heap_of(*maps, kept)) {
    // The addresses come from the kernel; a range that is refused only costs its copying.
    ::madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTFORK);
  }
}

}  // namespace nsbench::bench
