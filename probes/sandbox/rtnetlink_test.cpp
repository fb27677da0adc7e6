// rtnetlink in namespaces of our own: what is asked for is there afterwards, and refusals are told.
#include "probes/sandbox/rtnetlink.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/testing/in_arena.h"

namespace nsbench::rtnetlink {
namespace {

using namespace nsbench::testing;
using ::testing::HasSubstr;

std::string joined(const Result<std::vector<std::string>>& texts) {
  return texts ? fmt::format("{}", fmt::join(*texts, ", ")) : texts.error().str();
}

std::string names() {
  const Result<std::vector<Link>> all = links();
  if (!all) return all.error().str();
  std::set<std::string> sorted;  // without the fallback tunnels that some kernels make
  for (const Link& one : *all) {
    if (one.name == "lo" || one.name.starts_with("nsb")) sorted.insert(one.name);
  }
  return fmt::format("{} ", fmt::join(sorted, " "));
}

class RtnetlinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = impossible(NamespaceSet{Kind::Net}, possible_privilege())) {
      GTEST_SKIP() << *why;
    }
  }
  // In a fresh network namespace.
  static std::string inside(const std::function<std::string()>& answer) {
    return in_arena(arena_for(NamespaceSet{Kind::Net}, possible_privilege()), answer);
  }
  static bool has_veth() {
    return inside([] { return link_kind_ready("veth") ? "yes" : "no"; }) == "yes";
  }
};

TEST_F(RtnetlinkTest, ListsLoAndKnowsNoOther) {
  EXPECT_EQ(inside([] { return fmt::format("{}{}", names(), link("nsb0").error().err); }),
            fmt::format("lo {}", ENODEV));
}

TEST_F(RtnetlinkTest, BringsALinkUp) {
  EXPECT_EQ(inside([] {
              const Status up = set_up("lo");
              return up && (link("lo")->flags & IFF_UP) != 0 ? "up" : up.error().str();
            }),
            "up");
}

TEST_F(RtnetlinkTest, MakesRenamesAndDeletesAVethPair) {
  if (!has_veth()) GTEST_SKIP() << "no veth without loading a module";
  EXPECT_EQ(inside([] {
              if (Status s = add_veth("nsba", "nsbb"); !s) return s.error().str();
              std::string text = names();
              if (Status s = rename_link("nsba", "nsbc"); !s) return s.error().str();
              text += names();
              if (Status s = delete_link("nsbb"); !s) return s.error().str();
              return text + names();
            }),
            "lo nsba nsbb lo nsbb nsbc lo ");
}

TEST_F(RtnetlinkTest, TellsARefusal) {
  EXPECT_EQ(inside([] {
              if (Status s = add_address("lo", "192.0.2.1/32"); !s) return s.error().str();
              return add_address("lo", "192.0.2.1/32").error().str();
            }),
            "rtnetlink RTM_NEWADDR(lo, 192.0.2.1/32): EEXIST");
}

TEST_F(RtnetlinkTest, AddsAddressesOfBothFamilies) {
  EXPECT_THAT(inside([] {
                const Status four = add_address("lo", "192.0.2.1/32");
                const Status six = add_address("lo", "2001:db8::1/128");
                return four && six ? joined(addresses()) : four.error().str() + six.error().str();
              }),
              AllOf(HasSubstr("192.0.2.1/32"), HasSubstr("2001:db8::1/128")));
}

TEST_F(RtnetlinkTest, AddsRoutesToTables) {
  EXPECT_THAT(inside([] {
                Status s = set_up("lo");
                if (s) s = add_route("198.51.100.0/24", "lo", RT_TABLE_MAIN);
                if (s) s = add_route("203.0.113.0/24", "lo", 1000);
                return s ? joined(routes(AF_INET)) : s.error().str();
              }),
              AllOf(HasSubstr("198.51.100.0/24 table 254"), HasSubstr("203.0.113.0/24 table 1000"),
                    Not(HasSubstr("table 255"))));
}

TEST_F(RtnetlinkTest, AddsADefaultRouteByAGatewayThatALinkReaches) {
  if (!has_veth()) GTEST_SKIP() << "no veth without loading a module";
  EXPECT_THAT(inside([] {
                Status s = add_veth("nsba", "nsbb");
                if (s) s = set_up("nsba");
                if (s) s = add_address("nsba", "192.0.2.2/24");
                if (!s) return s.error().str();
                const std::string before = joined(routes(AF_INET));
                s = add_default_route("192.0.2.1", "nsba");
                return s ? before + " then " + joined(routes(AF_INET)) : s.error().str();
              }),
              AllOf(HasSubstr("then default/0 table 254"), HasSubstr("192.0.2.0/24 table 254")));
}

TEST_F(RtnetlinkTest, TellsThatAGatewayIsOutOfReach) {
  EXPECT_EQ(inside([] {
              if (Status s = set_up("lo"); !s) return s.error().str();
              return add_default_route("192.0.2.1", "lo").error().str();
            }),
            "rtnetlink RTM_NEWROUTE(default, 192.0.2.1, lo): ENETUNREACH");
}

// As a runtime does from inside, over a socket of the outside's.
TEST_F(RtnetlinkTest, MovesALinkOfAnotherNamespaceByItsName) {
  if (!has_veth()) GTEST_SKIP() << "no veth without loading a module";
  EXPECT_EQ(inside([]() -> std::string {
              Result<netlink::Socket> outside = netlink::Socket::open(NETLINK_ROUTE);
              if (!outside) return outside.error().str();
              if (Status s = add_veth("nsba", "nsbb"); !s) return s.error().str();
              if (calls::unshare(row(Kind::Net).flag) != 0) return Error::last("unshare").str();
              netlink::Message move = move_request("nsbb", Where::pid(::getpid()));
              if (Status s = outside->acknowledged(move, "move"); !s) return s.error().str();
              return names();
            }),
            "lo nsbb ");
}

// Right after it was made a link has IFF_RUNNING, whatever its carrier.
TEST_F(RtnetlinkTest, AnEndWhoseOtherIsDownDoesNotRun) {
  if (!has_veth()) GTEST_SKIP() << "no veth without loading a module";
  EXPECT_EQ(inside([] {
              Status s = add_veth("nsba", "nsbb");
              if (s) s = set_up("nsba");
              if (!s) return s.error().str();
              const Deadline soon = Deadline::in(std::chrono::milliseconds(30));
              const std::string alone = wait_running("nsba", soon).error().str();
              if (s = set_up("nsbb"); !s) return s.error().str();
              s = wait_running("nsba", Deadline::in(patience));
              return alone + (s ? ", then it does" : s.error().str());
            }),
            "rtnetlink nsba is running: ETIMEDOUT, then it does");
}

TEST_F(RtnetlinkTest, AddsNeighbours) {
  if (!has_veth()) GTEST_SKIP() << "no veth without loading a module";
  EXPECT_THAT(inside([] {
                Status s = add_veth("nsba", "nsbb");
                if (s) s = add_neighbour("192.0.2.9", "nsba");
                return s ? joined(neighbours(AF_INET)) : s.error().str();
              }),
              HasSubstr("192.0.2.9"));
}

TEST_F(RtnetlinkTest, HearsOfALink) {
  EXPECT_EQ(inside([]() -> std::string {
              Result<netlink::Socket> ear = netlink::Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
              if (!ear) return ear.error().str();
              if (Status s = set_up("lo"); !s) return s.error().str();
              const Status heard =
                  ear->wait_for([](const netlink::Answer& a) { return link_of(a).name == "lo"; },
                                Deadline::in(std::chrono::seconds(5)), "lo comes up");
              return heard ? "heard" : heard.error().str();
            }),
            "heard");
}

TEST_F(RtnetlinkTest, GivesUpAtTheDeadline) {
  EXPECT_EQ(inside([]() -> std::string {
              Result<netlink::Socket> ear = netlink::Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
              if (!ear) return ear.error().str();
              return ear
                  ->wait_for([](const netlink::Answer&) { return true; },
                             Deadline::in(std::chrono::milliseconds(1)), "anything happens")
                  .error()
                  .str();
            }),
            "anything happens: ETIMEDOUT");
}

TEST_F(RtnetlinkTest, KnowsNoIdOfItsOwnNamespace) {
  EXPECT_EQ(inside([] {
              const Result<int> id = nsid(Where::pid(::getpid()));
              return id ? std::to_string(*id) : id.error().str();
            }),
            "-1");
}

TEST_F(RtnetlinkTest, KindsOfLinkAreFoundWithoutMakingOne) {
  EXPECT_EQ(inside([] { return link_kind_ready("no-such-kind-nsb") ? "ready" : "not"; }), "not");
  for (const std::string kind : {"veth", "bridge", "dummy"}) {
    EXPECT_EQ(inside([&kind] {
                if (!link_kind_ready(kind)) return std::string("ok");
                return add_link("nsb0", kind).ok() ? std::string("ok") : "refused";
              }),
              "ok")
        << kind;
  }
}

}  // namespace
}  // namespace nsbench::rtnetlink
