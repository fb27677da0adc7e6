// Keeping the memory that a fork copies small, and the same from run to run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nsbench::bench {

// Leaves the heap out of this process's future children: they fault when they touch it, so they may
// do system calls and little else. A fork copies a page table entry per page, which makes its time
// one of how much the harness happens to have in memory: 40 us with an empty heap, 110 with 4 MB,
// 1.6 ms with 64 MB.
// Without a /proc, and under AddressSanitizer, nothing happens.
void leave_heap_out_of_children();

struct AddressRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

// What of the mappings in `maps` (the text of /proc/PID/maps) is heap: brk's, and malloc's large
// blocks, but not the .bss of programs and libraries. Without `kept`, the neighbourhood of the
// thread's own data, which lies in the heap of a static program.
std::vector<AddressRange> heap_of(std::string_view maps, AddressRange kept);

}  // namespace nsbench::bench
