#include "bench/kernel_memory.h"

#include <gmock/gmock.h>

namespace nsbench::bench {
namespace {

TEST(KernelMemory, IsTheSumOfWhatIsTheKernelsOwn) {
  EXPECT_EQ(kernel_bytes("MemTotal:  24684 kB\nSlab:   100 kB\nSReclaimable:  60 kB\n"
                         "KernelStack:  16 kB\nPageTables:  10 kB\nVmallocUsed:  20 kB\n"
                         "Percpu:   3 kB\n"),
            133 * 1024);
  EXPECT_EQ(kernel_bytes(""), 0);
}

TEST(KernelMemory, OfThisMachineIsSome) {
  KernelMemory memory;
  ASSERT_TRUE(memory.open());
  const Result<double> bytes = memory.bytes();
  ASSERT_TRUE(bytes) << bytes.error().str();
  EXPECT_GT(*bytes, 100'000);
}

}  // namespace
}  // namespace nsbench::bench
