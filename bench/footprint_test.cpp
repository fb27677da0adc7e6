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

TEST(FilesWithout, LeavesOutWhatIsNeededAndWhatIsNoFile) {
  const char* const maps =
      "00400000-00500000 r-xp 00000000 fe:00 12 /usr/bin/nsbench\n"
      "00700000-00900000 rw-p 00000000 00:00 0 [heap]\n"
      "7f0000000000-7f0000001000 r-xp 00000000 fe:00 13 /lib/libc.so.6\n"
      "7f0000001000-7f0000002000 rw-p 00001000 fe:00 13 /lib/libc.so.6\n"
      "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n"
      "7f0000010000-7f0000011000 r-xp 00000000 fe:00 14 /lib/libm.so.6\n"
      "7f0000011000-7f0000012000 rw-p 00001000 fe:00 14 /lib/libm.so.6\n"
      "7f0000012000-7f0000013000 rw-p 00000000 00:00 0 \n"
      "7f0000020000-7f0000021000 rw-p 00000000 00:00 0 \n"
      "7f0000030000-7f0000031000 rw-s 00000000 00:01 77 /dev/zero (deleted)\n"
      "7ffc00000000-7ffc00100000 rw-p 00000000 00:00 0 [stack]\n";
  const std::array<std::uintptr_t, 2> needed{0x450000, 0x7f0000001800};
  EXPECT_THAT(files_without(maps, needed),
              ElementsAre(AddressRange{0x7f0000010000, 0x7f0000011000},
                          AddressRange{0x7f0000011000, 0x7f0000012000},
                          AddressRange{0x7f0000012000, 0x7f0000013000}));
}

TEST(DataOf, IsWhatOfAFileCanBeWritten) {
  const char* const maps =
      "00400000-00500000 r-xp 00000000 fe:00 12 /usr/bin/nsbench\n"
      "00500000-00501000 r--p 00100000 fe:00 12 /usr/bin/nsbench\n"
      "00501000-00502000 rw-p 00101000 fe:00 12 /usr/bin/nsbench\n"
      "00502000-00503000 rw-p 00000000 00:00 0 \n"
      "00700000-00900000 rw-p 00000000 00:00 0 [heap]\n"
      "7f0000001000-7f0000002000 rw-p 00001000 fe:00 13 /lib/libc.so.6\n"
      "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n";
  EXPECT_THAT(data_of(maps, 0x400010, 0x7f0000001800),
              ElementsAre(AddressRange{0x501000, 0x502000}, AddressRange{0x502000, 0x503000}));
  EXPECT_THAT(data_of(maps, 0x400010, 0x501010), IsEmpty()) << "a static program";
  EXPECT_THAT(data_of(maps, 0x10, 0), IsEmpty()) << "no file";
}

TEST(HeapOf, ReadsPastLinesItDoesNotKnow) {
  EXPECT_THAT(heap_of("", nothing), IsEmpty());
  EXPECT_THAT(heap_of("nonsense\n\n7f00-\n", nothing), IsEmpty());
}

}  // namespace
}  // namespace nsbench::bench
