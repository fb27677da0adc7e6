#include "reports/formats/dotted.h"

#include <gtest/gtest.h>

#include <set>

namespace nsbench {
namespace {

std::string of(const char* id) { return dotted(*CaseId::parse(id)); }

TEST(Dotted, EveryPartOfAnIdIsOneWord) {
  EXPECT_EQ(of("net/interfaces:setns.pidfd:userns"), "net.interfaces.setns-pidfd.userns");
  EXPECT_EQ(of("create/mnt/mounts=1000:clone3.vfork:root"),
            "create.mnt.mounts-1000.clone3-vfork.root");
  EXPECT_EQ(of("pid/a_b:clone:root:control"), "pid.a_b.clone.root.control");
}

TEST(Dotted, DifferentIdsStayDifferent) {
  const char* const ids[] = {"a/b:clone:root",         "a/b:clone3:root",
                             "a/b:clone:root:control", "a/b/x_y=z:clone:root",
                             "a/b/x=y_z:clone:root",   "a/b/x=y/z=z:clone:root",
                             "a_b/c:clone:root",       "a/b_c:clone:root",
                             "a/b:clone.x:root",       "a/b/clone=x:clone:root"};
  std::set<std::string> all;
  for (const char* id : ids) EXPECT_TRUE(all.insert(of(id)).second) << id;
}

TEST(IdText, KeepsWordsAndJoinsThemByOneUnderscore) {
  EXPECT_EQ(id_text("#1 SMP Debian 6.1.119-1 (2024-11-22)"), "1_SMP_Debian_6.1.119-1_2024-11-22");
  EXPECT_EQ(id_text("a\n\x1b[31m\xff/../b"), "a_31m_.._b");
  EXPECT_EQ(id_text(""), "");
  EXPECT_EQ(id_text(" / "), "");
}

TEST(IdText, IsNeverLongerThanItMayBe) {
  EXPECT_EQ(id_text("abc def", 3), "abc");
  EXPECT_EQ(id_text("abc def", 4), "abc");
  EXPECT_EQ(id_text("abc def", 5), "abc_d");
}

}  // namespace
}  // namespace nsbench
