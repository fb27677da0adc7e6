// The door, by every way in, for every kind, as root and without privilege.
#include "probes/sandbox/enter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <map>
#include <ostream>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/testing/call_filter.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"

namespace nsbench {

// For GoogleTest's messages.
static void PrintTo(const Recipe& recipe, std::ostream* out) { *out << recipe.str(); }

namespace {

using namespace testing;
using ::testing::HasSubstr;

using Links = std::map<std::string, std::string>;  // "uts" -> "uts:[4026531838]"

Links links_in(const std::string& proc_dir) {
  Links links;
  for (const KindRow& kind : all_kinds) {
    const Result<std::string> link = read_link(fmt::format("{}/ns/{}", proc_dir, kind.name));
    if (link) links.emplace(kind.name, *link);
  }
  return links;
}

// The kinds in which the two differ.
std::string difference(const Links& one, const Links& other) {
  NamespaceSet differing;
  for (const KindRow& kind : all_kinds) {
    const std::string name(kind.name);
    if (one.contains(name) && one.at(name) != other.at(name)) {
      differing = differing | NamespaceSet{kind.kind};
    }
  }
  return differing.str();
}

std::string exit_of(Member& member) {
  const Result<ExitStatus> ended = member.wait(Deadline::in(patience));
  return ended ? ended->str() : ended.error().str();
}

// Enters, and returns in which kinds the inside differs from the outside, and how it ended.
std::string enter_and_compare(const Recipe& recipe) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error().str();
  Result<Member> member = enter(
      recipe,
      [&ends] {
        std::string text;
        for (const auto& [kind, link] : links_in("/proc/self")) text += link + "\n";
        return ends->second.send(text) && ends->second.receive() ? 7 : 1;
      },
      Deadline::in(patience));
  if (!member) return member.error().str();
  const Result<std::string> text = ends->first.receive(Deadline::in(patience));
  if (!text) return text.error().str();
  Links inside;
  for (const auto& [kind, link] : links_in("/proc/self")) {
    const std::size_t at = text->find(kind + ":[");
    inside[kind] = text->substr(at, text->find('\n', at) - at);
  }
  std::string answer = difference(links_in("/proc/self"), inside);
  if (recipe.method == Method::Setns) {
    answer += "; holder: " + difference(links_in(*proc_dir(member->holder)), inside);
  }
  if (!ends->first.send("go")) return "the inside is gone";
  return answer + "; " + exit_of(*member);
}

std::vector<Recipe> all_recipes() {
  std::vector<NamespaceSet> sets{NamespaceSet{}, NamespaceSet::all()};
  for (const KindRow& kind : all_kinds) sets.push_back(NamespaceSet{kind.kind});
  std::vector<Recipe> recipes;
  for (const NamespaceSet set : sets) {
    for (const Way& way : all_ways) {
      for (const Privilege privilege : all_privileges) {
        Recipe recipe{set, way.method, std::string(way.variant), privilege};
        if (recipe.exists()) recipes.push_back(std::move(recipe));
      }
    }
  }
  return recipes;
}

std::string test_name(const ::testing::TestParamInfo<Recipe>& info) {
  std::string name = info.param.str();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

class EnterTest : public ::testing::TestWithParam<Recipe> {
 protected:
  void SetUp() override {
    if (const auto why = impossible(recipe())) GTEST_SKIP() << *why;
  }
  [[nodiscard]] const Recipe& recipe() const { return GetParam(); }
  [[nodiscard]] std::string answer(const std::function<std::string()>& stage) const {
    return in_arena(arena_for(recipe().namespaces, recipe().privilege), stage);
  }
};

TEST_P(EnterTest, EntersTheseKindsAndNoOthers) {
  const std::string holder = recipe().method == Method::Setns ? "; holder: none" : "";
  EXPECT_EQ(answer([this] { return enter_and_compare(recipe()); }),
            recipe().namespaces.str() + holder + "; exited with 7");
}

TEST_P(EnterTest, HandsOnHowTheBodyEnded) {
  const auto end_of = [this](const Child::Body& body) {
    return answer([&] {
      Result<Member> member = enter(recipe(), body, Deadline::in(patience));
      return member ? exit_of(*member) : member.error().str();
    });
  };
  // PID 1 ignores signals that it sends itself, but not a fault.
  EXPECT_EQ(end_of([]() -> int { __builtin_trap(); }), "killed by SIGILL");
  // What a shell writes for "killed by SIGTERM" is an exit status like any other.
  EXPECT_EQ(end_of([] { return 128 + SIGTERM; }), "exited with 143");
}

TEST_P(EnterTest, AMemberThatEndsLeavesNothing) {
  EXPECT_EQ(answer([this]() -> std::string {
              {
                Result<Member> member = enter(
                    recipe(),
                    []() -> int {
                      for (;;) ::pause();
                    },
                    Deadline::in(patience));
                if (!member) return member.error().str();
                const auto at_once = Deadline::in(std::chrono::milliseconds(1));
                if (member->wait(at_once).error().err != ETIMEDOUT) return "it ended by itself";
              }
              return has_children() ? "a child is left" : "nothing is left";
            }),
            "nothing is left");
}

INSTANTIATE_TEST_SUITE_P(Recipes, EnterTest, ::testing::ValuesIn(all_recipes()), test_name);

// For what does not depend on the kind.
class DoorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = impossible(uts, privilege)) GTEST_SKIP() << *why;
  }
  // The error with which `recipe` is refused after `arrange`, or "entered".
  [[nodiscard]] std::string refusal(const Way& way, const std::function<Status()>& arrange) const {
    return in_arena(arena_for(uts, privilege), [&]() -> std::string {
      if (const Status s = arrange(); !s) return "arrange: " + s.error().str();
      const Recipe recipe{uts, way.method, std::string(way.variant), privilege};
      const Result<Member> member = enter(
          recipe, [] { return 0; }, Deadline::in(patience));
      return member ? "entered" : member.error().str();
    });
  }

  NamespaceSet uts{Kind::Uts};
  Privilege privilege = possible_privilege();
};

TEST_F(DoorTest, AFailedStepIsNamedWithItsErrno) {
  if (const auto why = impossible(uts, Privilege::Userns)) GTEST_SKIP() << *why;
  privilege = Privilege::Userns;  // a user namespace of its own, whose limits are its own
  const auto no_uts = [] { return write_small_file("/proc/sys/user/max_uts_namespaces", "0"); };
  EXPECT_EQ(refusal({Method::Clone, ""}, no_uts), "clone(CLONE_NEWUTS): ENOSPC");
  EXPECT_EQ(refusal({Method::Clone3, ""}, no_uts), "clone3(CLONE_NEWUTS): ENOSPC");
  EXPECT_EQ(refusal({Method::Unshare, ""}, no_uts), "unshare(CLONE_NEWUTS): ENOSPC");
  EXPECT_EQ(refusal({Method::Setns, ""}, no_uts), "clone3(CLONE_NEWUTS): ENOSPC");
}

TEST_F(DoorTest, ARefusedJoinIsNamedWithWhatItJoinedBy) {
  const auto refuse_setns = [] { return refuse(Method::Setns, EPERM); };
  EXPECT_EQ(refusal({Method::Setns, ""}, refuse_setns), "setns(fd, CLONE_NEWUTS): EPERM");
  EXPECT_EQ(refusal({Method::Setns, "pidfd"}, refuse_setns), "setns(pidfd, CLONE_NEWUTS): EPERM");
}

// Container runtimes' filters answer ENOSYS for clone3, since they can't look into its arguments.
TEST_F(DoorTest, JoinsAlsoWhereClone3IsFiltered) {
  const auto no_clone3 = [] { return refuse(Method::Clone3, ENOSYS); };
  EXPECT_EQ(refusal({Method::Clone3, ""}, no_clone3), "clone3(CLONE_NEWUTS): ENOSYS");
  EXPECT_EQ(refusal({Method::Setns, ""}, no_clone3), "entered");
  EXPECT_EQ(refusal({Method::Setns, "pidfd"}, no_clone3), "entered");
}

// At once, not at the deadline: no other process may hold the door open.
TEST_F(DoorTest, AProcessThatDiesOnItsWayInIsNoticed) {
  EXPECT_THAT(refusal({Method::Unshare, ""}, [] { return forbid(Method::Unshare); }),
              HasSubstr("uts by unshare as"));
  for (const char* variant : {"", "pidfd"}) {
    EXPECT_THAT(refusal({Method::Setns, variant}, [] { return forbid(Method::Setns); }),
                HasSubstr("the process killed by SIGSYS before it was inside"));
  }
}

// A container often maps one id only, its root: there is nobody else to become.
TEST_F(DoorTest, TheUnprivilegedEnterUserNamespacesWhereOnlyRootIsMapped) {
  if (const auto why = impossible({Kind::User}, Privilege::Userns)) GTEST_SKIP() << *why;
  const auto enter_user = []() -> std::string {
    Result<Member> member = enter(
        {{Kind::User}, Method::Unshare, "", Privilege::Userns}, [] { return 0; },
        Deadline::in(patience));
    return member ? exit_of(*member) : member.error().str();
  };
  EXPECT_EQ(
      in_arena(arena_for({}, Privilege::Userns),
               [&] { return in_arena(arena_for({Kind::User}, Privilege::Userns), enter_user); }),
      "exited with 0");
}

TEST_F(DoorTest, AnArenaKilledWhileItsInsideHangsLeavesNothing) {
  adopt_orphans();
  for (const Way& way : all_ways) {
    const std::string name = unique_name();
    Result<Arena> arena = Arena::start(arena_for(uts, privilege), [&](StagePort& port) {
      take_name(name);
      const Recipe recipe{{Kind::Uts}, way.method, std::string(way.variant), privilege};
      Result<Member> member = enter(
          recipe,
          []() -> int {
            for (;;) ::pause();
          },
          Deadline::in(patience));
      if (!member) return port.fail(member.error());
      const auto hang = member->wait(Deadline::in(std::chrono::milliseconds(1)));
      static_cast<void>(port.send(hang ? "ended" : hang.error().str()));
      for (;;) ::pause();
    });
    ASSERT_TRUE(arena.ok());
    EXPECT_EQ(*arena->receive(Deadline::in(patience)), "wait for child: ETIMEDOUT");
    EXPECT_GE(count_named(name), 2);
    arena->kill();
    EXPECT_EQ(count_named(name), 0);
    EXPECT_FALSE(has_children());
  }
}

}  // namespace
}  // namespace nsbench
