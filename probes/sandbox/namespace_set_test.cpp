#include "probes/sandbox/namespace_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>

#include <set>

namespace nsbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NamespaceSet, KnowsTheKernelsConstants) {
  EXPECT_EQ(row(Kind::User).flag, static_cast<std::uint64_t>(CLONE_NEWUSER));
  EXPECT_EQ(row(Kind::Pid).flag, static_cast<std::uint64_t>(CLONE_NEWPID));
  EXPECT_EQ(row(Kind::Uts).flag, static_cast<std::uint64_t>(CLONE_NEWUTS));
  EXPECT_EQ(row(Kind::Ipc).flag, static_cast<std::uint64_t>(CLONE_NEWIPC));
  EXPECT_EQ(row(Kind::Net).flag, static_cast<std::uint64_t>(CLONE_NEWNET));
  EXPECT_EQ(row(Kind::Cgroup).flag, static_cast<std::uint64_t>(CLONE_NEWCGROUP));
  EXPECT_EQ(row(Kind::Time).flag, static_cast<std::uint64_t>(CLONE_NEWTIME));
  EXPECT_EQ(row(Kind::Mnt).flag, static_cast<std::uint64_t>(CLONE_NEWNS));
}

TEST(NamespaceSet, EveryRowIsFoundByItsKind) {
  for (const KindRow& r : all_kinds) EXPECT_EQ(row(r.kind).name, r.name);
}

TEST(NamespaceSet, EveryFlagIsInTheSetOfAllOnce) {
  std::set<std::uint64_t> flags;
  for (const KindRow& r : all_kinds) flags.insert(r.flag);
  EXPECT_EQ(flags.size(), 8U);
  EXPECT_EQ(NamespaceSet::all().size(), 8);
}

// The user namespace gives the rights for the others; the mount namespace takes /proc away.
TEST(NamespaceSet, UserIsJoinedFirstAndMntLast) {
  EXPECT_EQ(NamespaceSet::all().kinds().front(), Kind::User);
  EXPECT_EQ(NamespaceSet::all().kinds().back(), Kind::Mnt);
}

TEST(NamespaceSet, UnitesAndSubtracts) {
  const NamespaceSet both{Kind::Pid, Kind::Net};
  EXPECT_EQ((NamespaceSet{Kind::Pid} | NamespaceSet{Kind::Net}), both);
  EXPECT_EQ((both - NamespaceSet{Kind::Pid, Kind::Uts}), NamespaceSet{Kind::Net});
  EXPECT_EQ((both & NamespaceSet{Kind::Pid, Kind::Uts}), NamespaceSet{Kind::Pid});
  EXPECT_THAT(both.names(), ElementsAre("pid", "net"));
}

TEST(NamespaceSet, PrintsWhatTheManualCallsThem) {
  const NamespaceSet two{Kind::Net, Kind::Pid};
  EXPECT_EQ(two.str(), "pid,net");
  EXPECT_EQ(two.flag_names(), "CLONE_NEWPID|CLONE_NEWNET");
  EXPECT_EQ(NamespaceSet{}.str(), "none");
  EXPECT_EQ(NamespaceSet{}.flag_names(), "0");
  EXPECT_EQ(NamespaceSet::all().str(), "all");
}

TEST(NamespaceSet, ReadsWhatItPrints) {
  std::vector<NamespaceSet> sets{NamespaceSet{}, NamespaceSet::all(),
                                 NamespaceSet{Kind::User, Kind::Time, Kind::Mnt}};
  for (const KindRow& r : all_kinds) sets.push_back(NamespaceSet{r.kind});
  for (const NamespaceSet set : sets) {
    const Result<NamespaceSet> read = NamespaceSet::parse(set.str());
    ASSERT_TRUE(read.ok()) << set.str();
    EXPECT_EQ(*read, set);
  }
}

TEST(NamespaceSet, NamesTheWordItDoesNotKnow) {
  for (const char* text : {"", "pid,", ",pid", "pid,nett", "PID", "pid net", "none,pid"}) {
    const Result<NamespaceSet> read = NamespaceSet::parse(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().str(), HasSubstr("unknown namespace")) << text;
  }
  EXPECT_THAT(NamespaceSet::parse("pid,nett").error().str(), HasSubstr("\"nett\""));
}

}  // namespace
}  // namespace nsbench
