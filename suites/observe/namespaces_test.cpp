#include "suites/observe/namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

namespace nsbench::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Link, IsReadAndNothingElseIs) {
  EXPECT_EQ(parse_link("net:[4026531840]"), (Link{Kind::Net, 4026531840}));
  EXPECT_EQ(parse_link("pid:[1]"), (Link{Kind::Pid, 1}));
  for (const char* text : {"", "net", "net:", "net:[]", "net:[0]", "net:[-1]", "net:[1", "net:1]",
                           "net:[1]x", "net:[1 ]", "net:[0x1]", "nett:[1]", "socket:[4026531840]",
                           "net:[99999999999999999999999]", "pid_for_children:[1]", "/net:[1]"}) {
    EXPECT_EQ(parse_link(text), std::nullopt) << text;
  }
}

TEST(BoundNamespaces, AreFoundAmongMounts) {
  const std::vector<Bound> found = bound_namespaces(
      "22 1 0:20 / / rw - ext4 /dev/root rw\n"
      "90 22 0:4 net:[4026532280] /run/netns/a\\040b rw shared:30 master:2 - nsfs nsfs rw\n"
      "91 22 0:4 mnt:[4026532281] /run/snapd/ns/x.mnt rw - nsfs nsfs rw\n"
      "92 22 0:4 net:[4026532299] /tmp/lie rw - tmpfs nsfs rw\n"
      "93 22 0:4 what:[1] /tmp/new rw - nsfs nsfs rw\n"
      "94 22 -\n"
      "\n"
      "95 22 0:4 uts:[7] /odd\\04 rw - nsfs");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].link, (Link{Kind::Net, 4026532280}));
  EXPECT_EQ(found[0].path, "/run/netns/a b");
  EXPECT_EQ(found[1].link, (Link{Kind::Mnt, 4026532281}));
  EXPECT_EQ(found[2].path, "/odd\\04");
}

// A user namespace with a network in it that only a descriptor holds, below the initial one.
System sample() {
  System system;
  system.namespaces = {
      {.kind = Kind::User, .id = 10, .processes = 2, .pid = 1, .command = "/sbin/init"},
      {.kind = Kind::User,
       .id = 20,
       .owner = 10,
       .parent = 10,
       .holders = {{.by = Holder::By::Child, .child = 31}}},
      {.kind = Kind::Pid, .id = 11, .processes = 2, .pid = 1, .command = "/sbin/init", .owner = 10},
      {.kind = Kind::Net, .id = 30, .processes = 2, .pid = 1, .command = "/sbin/init", .owner = 10},
      {.kind = Kind::Net,
       .id = 31,
       .owner = 20,
       .holders = {{.by = Holder::By::Descriptor, .pid = 7, .command = "evil\x1b[2J", .fd = 5}}}};
  system.processes = 2;
  return system;
}

TEST(NamespacesText, SaysWhatKeepsThoseWithoutProcesses) {
  const std::string table = namespaces_text(sample(), {});
  EXPECT_THAT(table, HasSubstr("kept by descriptor 5 of 7 (evil\\x1b[2J)"));
  EXPECT_THAT(table, HasSubstr("kept by what belongs to it: 31"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, Not(HasSubstr("ptrace")));
}

TEST(NamespacesText, TreesNestByOwner) {
  const std::string tree = namespaces_text(sample(), {.tree = true});
  EXPECT_THAT(tree, HasSubstr("\nuser:[10]  2 processes, 1 /sbin/init (root)\n"
                              "├─ pid:[11]  2 processes, 1 /sbin/init (root)\n"
                              "├─ net:[30]  2 processes, 1 /sbin/init (root)\n"
                              "└─ user:[20]  no process; kept by what belongs to it: 31\n"
                              "   └─ net:[31]  no process; kept by descriptor 5 of 7"));
  EXPECT_THAT(tree, HasSubstr("Pid namespaces\npid:[11]"));
}

// As in a user namespace, where nobody's owner is told.
TEST(NamespacesText, TreesLeaveNothingOut) {
  System system = sample();
  for (Namespace& one : system.namespaces) one.owner.reset();
  const std::string tree = namespaces_text(system, {.tree = true});
  EXPECT_THAT(tree, HasSubstr("Of a user namespace that is not shown\n"));
  EXPECT_THAT(tree, HasSubstr("\nnet:[30]  2 processes"));
  EXPECT_THAT(tree, HasSubstr("\nnet:[31]  no process; kept by descriptor 5"));
}

TEST(NamespacesText, ManyHoldersAreCounted) {
  System system = sample();
  for (std::uint64_t i = 0; i < 7; ++i) {
    system.namespaces[1].holders.push_back({.by = Holder::By::Child, .child = 40 + i});
    system.namespaces[4].holders.push_back({.by = Holder::By::Thread, .pid = 8, .tid = 9});
  }
  const std::string text = namespaces_text(system, {.width = 1000});
  EXPECT_THAT(text, HasSubstr("what belongs to it: 31, 40, 41 and 5 more\n"));
  EXPECT_THAT(text, HasSubstr("thread 9 of 8 (); thread 9 of 8 () and 5 more\n"));
}

TEST(NamespacesText, TellsWhatIsHidden) {
  System system = sample();
  system.hidden = 1;
  const std::string text = namespaces_text(system, {});
  EXPECT_THAT(text, HasSubstr("The namespaces of 1 of 2 processes are not shown to you"));
  EXPECT_THAT(text, HasSubstr("no process that you may see; kept by"));
}

TEST(NamespacesJson, HasWhatIsKnownAndNullForTheRest) {
  const auto json = nlohmann::json::parse(namespaces_json(sample()));
  ASSERT_EQ(json["namespaces"].size(), 5U);
  EXPECT_EQ(json["listed_by_kernel"], false);
  EXPECT_EQ(json["namespaces"][0]["owner"], nullptr);
  EXPECT_EQ(json["namespaces"][1]["pid"], nullptr);
  EXPECT_EQ(json["namespaces"][1]["held_by"][0]["namespace"], 31);
  EXPECT_EQ(json["namespaces"][4]["held_by"][0]["by"], "descriptor");
}

TEST(Chosen, KeepsTheKindsAndTheProcesssOwn) {
  const Result<System> some = chosen(sample(), {.kinds = {Kind::Net}});
  ASSERT_TRUE(some);
  ASSERT_EQ(some->namespaces.size(), 2U);
  EXPECT_EQ(some->namespaces[0].id, 30U);
  const Result<System> none = chosen(sample(), {.pid = ::getpid()});
  ASSERT_TRUE(none);
  EXPECT_THAT(none->namespaces, IsEmpty());  // their numbers are made up
  EXPECT_FALSE(chosen(sample(), {.pid = 1 << 22}));
}

}  // namespace
}  // namespace nsbench::observe
