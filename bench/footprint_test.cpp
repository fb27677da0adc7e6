#include "bench/footprint.h"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>

namespace nsbench::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr AddressRange nothing{};

TEST(HeapOf, IsBrkAndLargeBlocks) {
  const char* const maps =
      "00400000-00500000 r-xp 00000000 fe:00 12 /usr/bin/nsbench\n"
      "00700000-00900000 rw-p 00000000 00:00 0 [heap]\n"
      "7f0000000000-7f0000100000 rw-p 00000000 00:00 0 \n"
      "7ffc00000000-7ffc00100000 rw-p 00000000 00:00 0 [stack]\n";
  EXPECT_THAT(heap_of(maps, nothing), ElementsAre(AddressRange{0x700000, 0x900000},
                                                  AddressRange{0x7f0000000000, 0x7f0000100000}));
}

TEST(HeapOf, LeavesTheDataOfLibrariesAndWhatIsShared) {
  const char* const maps =
      "7f0000000000-7f0000002000 rw-p 00000000 fe:00 12 /lib/libc.so.6\n"
      "7f0000002000-7f0000100000 rw-p 00000000 00:00 0 \n"
      "7f0000200000-7f0000300000 rw-s 00000000 00:01 77 /dev/zero (deleted)\n"
      "7f0000400000-7f0000401000 rw-p 00000000 00:00 0 \n"
      "7f0000500000-7f0000600000 r--p 00000000 00:00 0 [vvar]\n";
  EXPECT_THAT(heap_of(maps, nothing), IsEmpty());
}

TEST(HeapOf, LeavesTheThreadsOwnData) {
  const char* const maps = "00700000-00900000 rw-p 00000000 00:00 0 [heap]\n";
  EXPECT_THAT(heap_of(maps, {0x6f0000, 0x710000}), ElementsAre(AddressRange{0x710000, 0x900000}));
  EXPECT_THAT(heap_of(maps, {0x710000, 0x720000}),
              ElementsAre(AddressRange{0x700000, 0x710000}, AddressRange{0x720000, 0x900000}));
  EXPECT_THAT(heap_of(maps, {0x100000, 0x200000}), ElementsAre(AddressRange{0x700000, 0x900000}));
  EXPECT_THAT(heap_of(maps, {0x600000, 0xa00000}), IsEmpty());
}

ElfW(Phdr)
    segment(std::uint32_t type, std::uint32_t flags, std::uintptr_t begin, std::uintptr_t size) {
  ElfW(Phdr) header{};
  header.p_type = type;
  header.p_flags = flags;
  header.p_vaddr = begin;
  header.p_memsz = size;
  return header;
}

TEST(LoadedFile, IsWholeAndItsDataCanBeWritten) {
  const std::array headers{
      segment(PT_PHDR, PF_R, 0x40, 0x200),
      segment(PT_LOAD, PF_R, 0, 0x1234),
      segment(PT_LOAD, PF_R | PF_X, 0x2000, 0x800),
      segment(PT_LOAD, PF_R | PF_W, 0x4e10, 0x2500),  // .data and .bss, the end of it at 0x7310
      segment(PT_GNU_RELRO, PF_R, 0x4e10, 0x1f0),
  };
  const LoadedFile file = loaded_file(headers, 0x7f0000000000, 0x1000);
  EXPECT_EQ(file.span, (AddressRange{0x7f0000000000, 0x7f0000008000}));
  EXPECT_THAT(file.data, ElementsAre(AddressRange{0x7f0000005000, 0x7f0000008000}));
}

TEST(LoadedFile, WithoutSegmentsIsNothing) {
  const LoadedFile file = loaded_file({}, 0x400000, 0x1000);
  EXPECT_EQ(file.span, nothing);
  EXPECT_THAT(file.data, IsEmpty());
}

TEST(FilesWithout, LeavesOutWhatIsNeeded) {
  const std::array<LoadedFile, 3> files{{{{0x400000, 0x500000}, {}},
                                         {{0x7f0000000000, 0x7f0000003000}, {}},
                                         {{0x7f0000010000, 0x7f0000013000}, {}}}};
  const std::array<std::uintptr_t, 2> needed{0x450000, 0x7f0000001800};
  EXPECT_THAT(files_without(files, needed),
              ElementsAre(AddressRange{0x7f0000010000, 0x7f0000013000}));
}

TEST(DataOf, IsThatOfTheFileUnlessItIsNeeded) {
  const std::array<LoadedFile, 2> files{
      {{{0x400000, 0x503000}, {{0x501000, 0x503000}}},
       {{0x7f0000000000, 0x7f0000003000}, {{0x7f0000001000, 0x7f0000003000}}}}};
  EXPECT_THAT(data_of(files, 0x400010, 0x7f0000001800),
              ElementsAre(AddressRange{0x501000, 0x503000}));
  EXPECT_THAT(data_of(files, 0x400010, 0x501010), IsEmpty()) << "a static program";
  EXPECT_THAT(data_of(files, 0x10, 0), IsEmpty()) << "no file";
}

TEST(HeapOf, ReadsPastLinesItDoesNotKnow) {
  EXPECT_THAT(heap_of("", nothing), IsEmpty());
  EXPECT_THAT(heap_of("nonsense\n\n7f00-\n", nothing), IsEmpty());
}

}  // namespace
}  // namespace nsbench::bench
