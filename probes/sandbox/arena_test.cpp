// The arena: what goes wrong in it is told, nothing of it survives, and nothing outside changes.
#include "probes/sandbox/arena.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"

namespace nsbench {
namespace {

using namespace testing;
using ::testing::StartsWith;

void hang() {
  for (;;) ::pause();
}

// Root's arena, one of an unprivileged user, and one for a probe of user namespaces.
const ArenaSpec specs[] = {
    {.kinds = {Kind::Uts}, .privilege = Privilege::Root, .user_inside = false},
    {.kinds = {Kind::Uts}, .privilege = Privilege::Userns, .user_inside = false},
    {.kinds = {}, .privilege = Privilege::Userns, .user_inside = true},
};

std::string spec_name(const ::testing::TestParamInfo<ArenaSpec>& info) {
  return std::string(id(info.param.privilege)) + (info.param.user_inside ? "_user_inside" : "");
}

class ArenaTest : public ::testing::TestWithParam<ArenaSpec> {
 protected:
  void SetUp() override {
    const NamespaceSet user = spec().user_inside ? NamespaceSet{Kind::User} : NamespaceSet{};
    if (const auto why = impossible(spec().kinds | user, spec().privilege)) GTEST_SKIP() << *why;
    adopt_orphans();
  }
  [[nodiscard]] const ArenaSpec& spec() const { return GetParam(); }
  // What the harness hears from this stage.
  [[nodiscard]] std::string heard(const Arena::Stage& stage) const {
    Result<Arena> arena = Arena::start(spec(), stage);
    if (!arena) return arena.error().str();
    const Result<std::string> message = arena->receive(Deadline::in(patience));
    return message ? *message : message.error().str();
  }
  [[nodiscard]] std::string said(const std::function<std::string()>& answer) const {
    return in_arena(spec(), answer);
  }
};

TEST_P(ArenaTest, PassesMessagesBothWays) {
  Result<Arena> arena = Arena::start(spec(), [](StagePort& port) {
    while (const Result<std::string> text = port.receive()) {
      if (!port.send("heard " + *text)) return;
    }
  });
  ASSERT_TRUE(arena.ok()) << arena.error().str();
  for (const char* text : {"one", "two"}) {
    ASSERT_TRUE(arena->send(text).ok());
    EXPECT_EQ(*arena->receive(Deadline::in(patience)), std::string("heard ") + text);
  }
}

TEST_P(ArenaTest, TellsHowItsStageEnded) {
  EXPECT_EQ(heard([](StagePort&) { __builtin_trap(); }),
            "the arena's first process killed by SIGILL");
  EXPECT_EQ(heard([](StagePort&) { ::_exit(5); }), "the arena's first process exited with 5");
  EXPECT_EQ(heard([](StagePort&) {}), "the arena's first process exited with 0");
  EXPECT_EQ(heard([](StagePort&) { throw std::runtime_error("on purpose"); }),
            "the stage threw: on purpose");
  EXPECT_EQ(heard([](StagePort& port) {
              port.fail(Error{"mount(proc)", EPERM});
            }),
            "mount(proc): EPERM");
}

TEST_P(ArenaTest, AHangingStageIsTimedOutAndKilledWithAllItsProcesses) {
  const std::string name = unique_name();
  Result<Arena> arena = Arena::start(spec(), [&name](StagePort& port) {
    take_name(name);
    // One child, and one orphan that its parent has left to PID 1.
    Result<Child> child = Child::fork([] {
      hang();
      return 0;
    });
    Result<Child> parent = Child::fork([] {
      Result<Child> orphan = Child::fork([] {
        ::setsid();
        hang();
        return 0;
      });
      orphan->disown();
      return 0;
    });
    static_cast<void>(parent->wait());
    static_cast<void>(port.send("ready"));
    hang();
  });
  ASSERT_TRUE(arena.ok()) << arena.error().str();
  ASSERT_EQ(*arena->receive(Deadline::in(patience)), "ready");
  EXPECT_EQ(arena->receive(Deadline::in(std::chrono::milliseconds(1))).error().err, ETIMEDOUT);
  EXPECT_GE(count_named(name), 2);
  arena->kill();
  EXPECT_EQ(count_named(name), 0);
  EXPECT_FALSE(has_children()) << "an orphan was left to the harness";
}

TEST_P(ArenaTest, EndsAtOnceWhenItsMakerIsKilled) {
  const std::string name = unique_name();
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  ASSERT_TRUE(ends.ok());
  Result<Child> harness = Child::fork([&] {
    take_name(name);
    Result<Arena> arena = Arena::start(spec(), [](StagePort& port) {
      const Result<Member> member = enter(
          {{Kind::Uts}, Method::Unshare, "", Privilege::Root},
          [] {
            hang();
            return 0;
          },
          Deadline::in(patience));
      static_cast<void>(port.send(own_link("mnt")));
      hang();
    });
    if (!arena) return 1;
    const Result<std::string> link = arena->receive(Deadline::in(patience));
    if (link) static_cast<void>(ends->second.send(*link));
    hang();
    return 0;
  });
  const Result<std::string> link = ends->first.receive(Deadline::in(patience));
  ASSERT_TRUE(link.ok());
  ASSERT_THAT(*link, StartsWith("mnt:["));
  EXPECT_TRUE(is_in_use(*link));
  harness->kill();
  EXPECT_TRUE(soon([&name] {
    reap_children();
    return count_named(name) == 0;
  }));
  // Its number is free, and may be that of somebody else's new namespace by now.
  EXPECT_TRUE(soon([&link] { return !is_in_use(*link); }));
}

// At any instant: also while the arena is being made.
TEST_P(ArenaTest, EndsWhenItsMakerIsKilledWhileMakingIt) {
  const std::string name = unique_name();
  for (int round = 0; round < 30; ++round) {
    Result<Child> harness = Child::fork([&] {
      take_name(name);
      const Result<Arena> arena = Arena::start(spec(), [](StagePort&) { hang(); });
      hang();
      return 0;
    });
    ASSERT_TRUE(harness.ok());
    static_cast<void>(harness->wait(Deadline::in(std::chrono::milliseconds(round / 5))));
    harness->kill();
  }
  EXPECT_TRUE(soon([&name] {
    reap_children();
    return count_named(name) == 0;
  }));
}

std::string directory(const std::string& path) {
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    names += entry.path().filename().string() + " ";
  }
  return names;
}

TEST_P(ArenaTest, HasAnEmptyDirectoryOfItsOwn) {
  EXPECT_EQ(said([] { return directory(scratch_dir()); }), "");
  const std::string file = fmt::format("/nsbench-test-{}", ::getpid());
  EXPECT_EQ(said([&file] {
              const int fd = ::open((scratch_dir() + file).c_str(), O_CREAT | O_WRONLY, 0600);
              return fd < 0 ? errno_name(errno) : "made";
            }),
            "made");
  EXPECT_NE(::access((scratch_dir() + file).c_str(), F_OK), 0) << "it was made outside";
}

TEST_P(ArenaTest, HoldsNoDescriptorOfItsMaker) {
  const Fd secret(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  ASSERT_GT(secret.get(), 2);
  EXPECT_EQ(
      said([&secret] { return ::fcntl(secret.get(), F_GETFD) < 0 ? errno_name(errno) : "open"; }),
      "EBADF");
}

std::string host_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

std::string mounts() { return *read_small_file("/proc/self/mountinfo"); }

TEST_P(ArenaTest, ChangesNothingOutside) {
  const std::string name_before = host_name();
  const std::string mounts_before = mounts();
  const std::string descriptors_before = directory("/proc/self/fd");
  EXPECT_EQ(said([] {
              [[maybe_unused]] const int renamed = ::sethostname("nsb-arena", 9);
              static_cast<void>(::mount("nsbench", "/mnt", "tmpfs", 0, nullptr));
              return std::string("done");
            }),
            "done");
  EXPECT_EQ(host_name(), name_before);
  EXPECT_EQ(mounts(), mounts_before);
  EXPECT_EQ(directory("/proc/self/fd"), descriptors_before);
}

// What stands for an unprivileged process must not be root.
TEST_P(ArenaTest, HasTheRightsItsPrivilegePromises) {
  const std::string rights = said([] {
    return std::string(::sethostname("nsb-arena", 9) == 0 ? "sethostname" : errno_name(errno));
  });
  EXPECT_EQ(rights, spec().user_inside ? "EPERM" : "sethostname");
}

INSTANTIATE_TEST_SUITE_P(Specs, ArenaTest, ::testing::ValuesIn(specs), spec_name);

TEST(Arena, ThatCannotBeMadeNamesTheStep) {
  if (const auto why = impossible({}, Privilege::Userns)) GTEST_SKIP() << *why;
  const std::string error = in_arena(arena_for({}, Privilege::Userns), []() -> std::string {
    if (!write_small_file("/proc/sys/user/max_uts_namespaces", "0")) return "can't set the limit";
    return in_arena(arena_for({Kind::Uts}, Privilege::Root), [] { return std::string("made"); });
  });
  EXPECT_EQ(error, "clone(CLONE_NEWPID|CLONE_NEWUTS|CLONE_NEWNS): ENOSPC");
}

}  // namespace
}  // namespace nsbench
