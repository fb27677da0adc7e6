#include "probes/sandbox/storm.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"

namespace nsbench {
namespace {

using ::testing::HasSubstr;

TEST(Loadavg, ItsThreadsAreBehindTheSlash) {
  EXPECT_EQ(threads_in_loadavg("0.20 0.18 0.12 1/80 11206\n"), 80U);
  EXPECT_EQ(threads_in_loadavg(""), std::nullopt);
  EXPECT_EQ(threads_in_loadavg("0.20 0.18 0.12 1/"), std::nullopt);
  EXPECT_EQ(threads_in_loadavg("0.20 0.18 0.12 1/x 5"), std::nullopt);
  EXPECT_EQ(threads_in_loadavg("1/99999999999999999999999999"), std::nullopt);
}

int sleep_until_killed() {
  for (;;) ::pause();
}

class Storms : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!read_small_file("/proc/loadavg")) GTEST_SKIP() << "no /proc";
  }
  // A process with so many children, which are there when it answers.
  Child parent_of(int count) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    Result<Child> parent = Child::fork([count, told = ends[1]] {
      std::vector<Child> children;
      for (int i = 0; i < count; ++i) {
        Result<Child> one = Child::fork(sleep_until_killed);
        if (one) children.push_back(std::move(*one));
      }
      if (::write(told, "", 1) != 1) return 1;
      return sleep_until_killed();
    });
    ::close(ends[1]);
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
    return std::move(*parent);
  }
};

TEST_F(Storms, DescendantsAreCountedByTheRootAboveThem) {
  const Child five = parent_of(5);
  const Child two = parent_of(2);
  const std::array roots{two.pid(), five.pid(), ::getpid(), pid_t{0}};
  const std::vector<std::size_t> counts = count_descendants(roots);
  EXPECT_EQ(counts[0], 2U);
  EXPECT_EQ(counts[1], 5U);
  EXPECT_EQ(counts[2], 0U) << "each has its own root already";
  EXPECT_EQ(counts[3], 0U) << "nobody's: the kernel is the parent of what has none";
  const std::array whole{::getpid()};
  EXPECT_EQ(count_descendants(whole).front(), 9U);
}

TEST_F(Storms, OneThatGrowsIsFoundAndNamedAndTheCalmIsNot) {
  StormWatch watch(100);
  const Child calm = parent_of(2);
  const std::array before{calm.pid()};
  EXPECT_FALSE(watch.look(before));
  const Child storm = parent_of(300);
  const std::array roots{calm.pid(), storm.pid()};
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  const std::optional<StormWatch::Storm> found = watch.look(roots);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->root, 1U);
  EXPECT_EQ(found->processes, 300U);
  EXPECT_THAT(found->str(), HasSubstr("a storm of forks: 300 processes"));
}

// Somebody else's processes are nobody's here.
TEST_F(Storms, AnothersIsNotHeldAgainstUs) {
  StormWatch watch(100);
  const Child calm = parent_of(2);
  const std::array roots{calm.pid()};
  EXPECT_FALSE(watch.look(roots));
  const Child other = parent_of(300);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_FALSE(watch.look(roots));
}

}  // namespace
}  // namespace nsbench
