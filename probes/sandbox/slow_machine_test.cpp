#include "probes/sandbox/slow_machine.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(SlowMachine, EmulatorsAreGivenMoreTime) {
  EXPECT_EQ(patience_with("model name\t: QEMU TCG CPU version 2.5+\n"), 4);
  EXPECT_EQ(patience_with("vendor_id\t: User Mode Linux\nmodel name\t: UML\n"), 4);
  EXPECT_EQ(patience_with("vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n"), 1);
  EXPECT_EQ(patience_with(""), 1);
}

}  // namespace
}  // namespace nsbench
