// Keeping the memory that a fork copies small, and the same from run to run.
#pragma once

#include <link.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace nsbench::bench {

// Leaves the heap, the program's variables, and all libraries but the C library, out of this
// process's future children: they fault when they touch it, so they may do system calls and little
// else. A fork copies a descriptor
// per mapping and an entry per page, which makes its time one of what the harness happens to have
// in memory: 40 us for a small C program, 65 with our libraries, 110 with 4 MB of heap, 1.6 ms with
// 64 MB.
// Without a /proc, under AddressSanitizer, and where lines are counted, nothing happens.
void leave_heap_out_of_children();

struct AddressRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

// What a process that makes calls and then ends goes on using. Never exceptions, nor destructors of
// statics.
enum class Libraries {
  Fmt,  // {fmt} and the C++ library, to put errors' texts together
  Cxx,  // the C++ library: texts are there already
  C,    // for system calls and arithmetic: no std::string, no clock of std::chrono, and of the heap
        // only what is there already, in blocks below 128 kB
};
// The mappings that it does not need. Entering a time namespace walks them all
// (vdso_join_timens()), in some 30 ns each; and a fork pays for each, left out of the child or not.
// Empty without a /proc, under AddressSanitizer, and where lines are counted.
std::vector<AddressRange> idle_mappings(Libraries needed);
void unmap(const std::vector<AddressRange>& ranges);

// What of the mappings in `maps` (the text of /proc/PID/maps) is heap: brk's, and malloc's large
// blocks, but not the .bss of programs and libraries. Without `kept`, the neighbourhood of the
// thread's own data, which lies in the heap of a static program.
std::vector<AddressRange> heap_of(std::string_view maps, AddressRange kept);
// malloc's large blocks alone.
std::vector<AddressRange> blocks_of(std::string_view maps, AddressRange kept);

// The program or a library, as the loader has put it there. Ends are those of pages.
struct LoadedFile {
  AddressRange span;               // all of it, .bss and the gaps between its segments included
  std::vector<AddressRange> data;  // what of it can be written, .bss included (elf(5))
};

// From its program headers. Not from /proc/PID/maps: a mapping of no file right behind a .bss is
// one with it there, and may be the thread's own data.
LoadedFile loaded_file(std::span<const ElfW(Phdr)> segments, std::uintptr_t base,
                       std::uintptr_t page);

// The files that hold none of `needed`, each whole.
std::vector<AddressRange> files_without(std::span<const LoadedFile> files,
                                        std::span<const std::uintptr_t> needed);

// The data of the file that holds `in_file`; nothing if it holds `needed`, too.
std::vector<AddressRange> data_of(std::span<const LoadedFile> files, std::uintptr_t in_file,
                                  std::uintptr_t needed);

}  // namespace nsbench::bench
