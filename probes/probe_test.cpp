#include "probes/probe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "probes/check.h"

namespace nsbench {
namespace {

using ::testing::MatchesRegex;

std::string subject(const Probe& probe) { return fmt::format("{}/{}", probe.family, probe.name); }

TEST(AllProbes, SubjectsAreUniqueAndFound) {
  std::set<std::string> subjects;
  for (const Probe* probe : all_probes()) {
    EXPECT_TRUE(subjects.insert(subject(*probe)).second) << subject(*probe);
    EXPECT_EQ(find_probe(subject(*probe)), probe);
  }
  for (const char* unknown : {"", "uts", "hostname", "uts/", "/hostname", "uts/hostname ", "x/y"}) {
    EXPECT_EQ(find_probe(unknown), nullptr) << unknown;
  }
}

// A CaseId's words need no escaping in any format.
TEST(AllProbes, AreNamedInWordsOfACaseId) {
  for (const Probe* probe : all_probes()) {
    EXPECT_THAT(std::string(probe->family), MatchesRegex("[a-z0-9_]+"));
    EXPECT_THAT(std::string(probe->name), MatchesRegex("[a-z0-9_]+"));
    const CheckCase what{probe, probe->ways.front(), probe->privileges.front(), true};
    const Result<CaseId> id = CaseId::parse(what.id().str());
    ASSERT_TRUE(id.ok()) << what.id().str();
    EXPECT_EQ(*id, what.id());
  }
}

TEST(AllProbes, EveryFieldIsFilledIn) {
  for (const Probe* probe : all_probes()) {
    SCOPED_TRACE(subject(*probe));
    EXPECT_FALSE(probe->sentence.empty());
    EXPECT_FALSE(probe->source.empty());
    EXPECT_THAT(std::string(probe->first_kernel), MatchesRegex("[0-9.]+"));
    EXPECT_TRUE(!probe->namespaces.empty() || probe->control == ControlKind::Positive);
    EXPECT_FALSE(probe->ways.empty());
    EXPECT_FALSE(probe->privileges.empty());
    EXPECT_FALSE(probe->acts.empty());
    EXPECT_NE(probe->judge, nullptr);
  }
}

// nsfs, calls and all are about every kind.
// A rule about whose namespace it is enters a user namespace, and has the other in its arena.
TEST(AllProbes, BelongToAFamilyWhoseNamespaceTheyEnter) {
  constexpr std::array general{"nsfs", "calls", "all"};
  for (const Probe* probe : all_probes()) {
    if (std::find(general.begin(), general.end(), probe->family) != general.end()) continue;
    if (probe->namespaces.empty()) continue;  // a rule of the calls needs none
    const Result<NamespaceSet> family = NamespaceSet::parse(probe->family);
    ASSERT_TRUE(family.ok()) << subject(*probe);
    EXPECT_EQ((*family & (probe->namespaces | probe->arena)), *family) << subject(*probe);
  }
}

TEST(AllProbes, ActsAreNamedUniquelyAndAreOnBothSides) {
  for (const Probe* probe : all_probes()) {
    SCOPED_TRACE(subject(*probe));
    std::set<std::string_view> names;
    std::set<Side> sides;
    for (const Act& act : probe->acts) {
      EXPECT_FALSE(act.name.empty());
      EXPECT_TRUE(names.insert(act.name).second) << act.name;
      EXPECT_NE(act.play, nullptr) << act.name;
      sides.insert(act.side);
    }
    if (probe->control == ControlKind::Positive) continue;
    // Who makes a pid namespace below its own, or numbers there, is the outside of that.
    constexpr std::array from_above{
        "pid/init_and_ancestor", "pid/init_death",     "pid/init_no_sibling",
        "pid/init_not_stopped",  "pid/init_protected", "pid/orphans",
        "pid/orphans_of_joiner", "pid/set_tid",        "pid/setns_children",
        "pid/unshare_children",  "pid/wait_pid"};
    if (std::find(from_above.begin(), from_above.end(), subject(*probe)) != from_above.end()) {
      EXPECT_TRUE(sides.contains(Side::Inside));
      continue;
    }
    EXPECT_TRUE(sides.contains(Side::Outside));
    // Where a namespace must end, or be left, while the acts look on, one act does it all.
    constexpr std::array by_hand{"ipc/mqueue_lifetime", "ipc/shm_lifetime", "ipc/sem_undo",
                                 "time/exec"};
    if (std::find(by_hand.begin(), by_hand.end(), subject(*probe)) != by_hand.end()) continue;
    EXPECT_TRUE(sides.contains(Side::Inside));
  }
}

// All six families that the project is named for, and an identity for every kind.
TEST(AllProbes, CoverEveryKindOfNamespace) {
  for (const KindRow& kind : all_kinds) {
    EXPECT_NE(find_probe(fmt::format("{}/identity", kind.name)), nullptr) << kind.name;
  }
}

// Looking changes nothing, needs no rights, and sees the same twice.
TEST(AllProbes, LookWithoutLeavingATrace) {
  for (const Probe* probe : all_probes()) {
    if (probe->name == "proc_view") continue;  // other processes come and go
    if (probe->look == nullptr) continue;
    Observation first, second;
    probe->look(first);
    probe->look(second);
    EXPECT_FALSE(first.facts().empty()) << subject(*probe);
    EXPECT_EQ(first.facts(), second.facts()) << subject(*probe);
  }
}

TEST(Side, IsNamed) {
  EXPECT_EQ(id(Side::Outside), "outside");
  EXPECT_EQ(id(Side::Inside), "inside");
  EXPECT_EQ(id(Side::Sibling), "sibling");
}

}  // namespace
}  // namespace nsbench
