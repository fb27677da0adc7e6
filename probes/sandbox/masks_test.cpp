#include "probes/sandbox/masks.h"

#include <gtest/gtest.h>

#include <string>

namespace nsbench {
namespace {

const std::string root = "20 1 0:19 / / rw - ext4 /dev/vda rw\n";
const std::string proc = "21 20 0:20 / /proc rw,nosuid - proc proc rw\n";
const std::string sys = "22 20 0:21 / /sys rw,nosuid - sysfs sysfs rw\n";

TEST(Masks, AMachineHasNone) {
  const Masks masks = Masks::of(root + proc + sys +
                                "23 21 0:22 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n" +
                                "24 22 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" +
                                "25 22 0:24 / /sys/kernel/debug rw - debugfs debugfs rw\n");
  EXPECT_EQ(masks.proc, "");
  EXPECT_EQ(masks.sys, "");
  EXPECT_FALSE(masks.proc_sys_read_only);
}

TEST(Masks, AContainersAreTold) {
  const Masks masks = Masks::of(root + proc + "22 20 0:21 / /sys ro,nosuid - sysfs sysfs rw\n" +
                                "23 21 0:5 /null /proc/kcore rw - devtmpfs udev rw\n" +
                                "24 21 0:20 /sys /proc/sys ro,nosuid - proc proc rw\n");
  EXPECT_EQ(masks.proc, "/proc/sys is mounted over");
  EXPECT_EQ(masks.sys, "/sys is read-only");
  EXPECT_TRUE(masks.proc_sys_read_only);
}

TEST(Masks, OneThatIsWholeIsEnough) {
  const std::string masked = root + proc + "23 21 0:5 /null /proc/kcore rw - devtmpfs udev rw\n";
  EXPECT_NE(Masks::of(masked).proc, "");
  EXPECT_EQ(Masks::of(masked + "30 20 0:40 / /mnt/proc rw - proc proc rw\n").proc, "");
  // Part of one shows not all of it.
  EXPECT_NE(Masks::of(masked + "30 20 0:40 /sys /mnt/sys rw - proc proc rw\n").proc, "");
}

TEST(Masks, OfNothingNothingIsKnown) {
  for (const char* text : {"", "x", "1 2 3", "21 20 0:20 / /proc"}) {
    EXPECT_EQ(Masks::of(text).proc, "") << text;
    EXPECT_FALSE(Masks::of(text).proc_sys_read_only) << text;
  }
}

}  // namespace
}  // namespace nsbench
