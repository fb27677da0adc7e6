#include "probes/sandbox/cgroup.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nsbench {
namespace {

using namespace std::string_literals;

std::vector<std::string> directories(std::string_view mountinfo, std::string_view membership) {
  std::vector<std::string> all;
  for (const CgroupHierarchy& one : cgroup_hierarchies(mountinfo, membership)) {
    all.push_back((one.unified ? "2 "s : "1 "s) + one.directory);
  }
  return all;
}

constexpr const char* unified =
    "25 1 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(CgroupHierarchies, AreFoundWhereTheUnifiedOneIsMounted) {
  EXPECT_EQ(directories(unified, "0::/user.slice/session-1.scope\n"),
            (std::vector{"2 /sys/fs/cgroup/user.slice/session-1.scope"s}));
  EXPECT_EQ(directories(unified, "0::/\n"), (std::vector{"2 /sys/fs/cgroup"s}));
}

// A hybrid machine: the unified one first, and what suits best of version 1.
TEST(CgroupHierarchies, AreOrderedByHowWellTheySuit) {
  constexpr const char* mounts =
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
      "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(
      directories(mounts, "9:name=systemd:/a\n8:pids:/b\n3:cpuset:/c\n2:cpu,cpuacct:/d\n0::/e\n"),
      (std::vector{"2 /sys/fs/cgroup/unified/e"s, "1 /sys/fs/cgroup/pids/b"s,
                   "1 /sys/fs/cgroup/systemd/a"s, "1 /sys/fs/cgroup/cpu,cpuacct/d"s,
                   "1 /sys/fs/cgroup/cpuset/c"s}));
}

// As in a container that sees its own cgroup as the root of the mount.
TEST(CgroupHierarchies, AreRelativeToWhatIsMounted) {
  constexpr const char* mount =
      "25 1 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n";
  EXPECT_EQ(directories(mount, "0::/docker/abc/inner\n"), (std::vector{"2 /sys/fs/cgroup/inner"s}));
  EXPECT_EQ(directories(mount, "0::/docker/abc\n"), (std::vector{"2 /sys/fs/cgroup"s}));
}

TEST(CgroupHierarchies, AreLeftOutWhereTheOwnCgroupIsNotReached) {
  constexpr const char* mount =
      "25 1 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n";
  EXPECT_EQ(directories(mount, "0::/docker/abcdef\n"), std::vector<std::string>{});
  EXPECT_EQ(directories(unified, "0::/../other\n"), std::vector<std::string>{});
  EXPECT_EQ(directories("25 1 0:22 /.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n", "0::/\n"),
            std::vector<std::string>{});
}

TEST(CgroupHierarchies, AreNoneWithoutMountsOrWithNonsense) {
  EXPECT_EQ(directories("", "0::/\n"), std::vector<std::string>{});
  EXPECT_EQ(directories(unified, ""), std::vector<std::string>{});
  EXPECT_EQ(directories("cgroup2\n\n- \n", "::\nx\n"), std::vector<std::string>{});
}

TEST(RemoveCgroup, CountsWhatIsNotThereAsRemoved) {
  EXPECT_TRUE(remove_cgroup("/sys/fs/cgroup/nsbench-none/at/all",
                            Deadline::in(std::chrono::milliseconds(0))));
}

}  // namespace
}  // namespace nsbench
