// What an arena's own cgroup leaves behind: nothing, however its makers end.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/testing/in_arena.h"
#include "probes/sandbox/testing/processes.h"

namespace nsbench {
namespace {

using namespace std::chrono_literals;

bool there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
bool all_there(const std::vector<std::string>& paths) {
  return !paths.empty() && std::all_of(paths.begin(), paths.end(), there);
}
bool none_there(const std::vector<std::string>& paths) {
  return std::none_of(paths.begin(), paths.end(), there);
}

class OwnCgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<OwnCgroup> own = OwnCgroup::make(Privilege::Root);
    if (!own) GTEST_SKIP() << own.error().str();
  }
  // Guardians of makers that were killed come to this process where it adopts orphans.
  void TearDown() override {
    EXPECT_TRUE(testing::soon([] {
      testing::reap_children();
      return !testing::has_children();
    }));
  }
};

std::string joined(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += path + "\n";
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> paths;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    paths.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return paths;
}

// A process that makes a cgroup, puts a child into it, tells where it is, and stays.
struct Maker {
  Child process;
  Channel channel;
  std::vector<std::string> paths;

  static Maker start() {
    Maker maker;
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    Result<Child> process = Child::fork([&] {
      ends->first.close();
      Result<OwnCgroup> own = OwnCgroup::make(Privilege::Root);
      if (!own) return 1;
      Result<Child> member = Child::fork([&] { return own->join() ? ::pause() : 1; });
      ::mkdir((own->directories().front() + "/below").c_str(), 0755);
      if (!ends->second.send(joined(own->directories()))) return 1;
      return ends->second.receive() ? 0 : 1;
    });
    ends->second.close();
    maker.process = std::move(*process);
    maker.channel = std::move(ends->first);
    const auto paths = maker.channel.receive(Deadline::in(testing::patience));
    if (paths) maker.paths = split(*paths);
    return maker;
  }
};

TEST_F(OwnCgroupTest, IsRemovedWithItsOwner) {
  std::vector<std::string> paths;
  {
    Result<OwnCgroup> own = OwnCgroup::make(Privilege::Root);
    ASSERT_TRUE(own.ok());
    paths = own->directories();
    EXPECT_TRUE(all_there(paths));
    Result<OwnCgroup> second = OwnCgroup::make(Privilege::Root);
    ASSERT_TRUE(second.ok());
    EXPECT_TRUE(all_there(paths)) << "it is no leftover while it is in use";
    EXPECT_NE(second->directories(), paths);
  }
  EXPECT_TRUE(none_there(paths));
}

TEST_F(OwnCgroupTest, IsRemovedByTheGuardianWhenItsOwnerIsKilled) {
  Maker maker = Maker::start();
  EXPECT_TRUE(all_there(maker.paths));
  maker.process.kill();
  EXPECT_TRUE(testing::soon([&] { return none_there(maker.paths); }));
}

TEST_F(OwnCgroupTest, IsRemovedByTheNextOneWhenTheGuardianIsKilledToo) {
  std::vector<std::string> paths;
  const Result<std::vector<CgroupHierarchy>> hierarchies = cgroup_hierarchies();
  ASSERT_TRUE(hierarchies.ok());
  for (const CgroupHierarchy& one : *hierarchies) {
    const std::string path = one.directory + "/nsbench-0-1";
    if (::mkdir(path.c_str(), 0755) == 0) paths.push_back(path);
  }
  ASSERT_TRUE(all_there(paths));
  Result<OwnCgroup> next = OwnCgroup::make(Privilege::Root);
  ASSERT_TRUE(next.ok());
  for (const std::string& made : next->directories()) {
    const std::string parent = made.substr(0, made.rfind('/'));
    EXPECT_FALSE(there(parent + "/nsbench-0-1"));
  }
  for (const std::string& path : paths) ::rmdir(path.c_str());
}

// At the first descriptor that is refused, the second, and so on: never that no cgroups are there,
// and none left.
TEST_F(OwnCgroupTest, ToleratesNoMoreDescriptors) {
  int refused = 0;
  const Result<std::vector<CgroupHierarchy>> hierarchies = cgroup_hierarchies();
  ASSERT_TRUE(hierarchies.ok());
  for (bool made = false; !made;) {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    ASSERT_TRUE(ends.ok());
    Result<Child> process = Child::fork([&] {
      const auto next_free = static_cast<rlim_t>(::dup(0));
      ::close(static_cast<int>(next_free));
      const rlim_t limit = next_free + static_cast<rlim_t>(refused);
      const rlimit few{limit, limit};
      ::setrlimit(RLIMIT_NOFILE, &few);
      const Result<OwnCgroup> own = OwnCgroup::make(Privilege::Root);
      return ends->second.send(own ? "made" : std::to_string(own.error().err)) ? 0 : 1;
    });
    ASSERT_TRUE(process.ok());
    const pid_t maker = process->pid();
    const auto said = ends->first.receive(Deadline::in(testing::patience));
    ASSERT_TRUE(said.ok()) << said.error().str();
    made = *said == "made";
    EXPECT_TRUE(made || *said == std::to_string(EMFILE)) << *said << " with " << refused << " more";
    ASSERT_TRUE(process->wait(Deadline::in(testing::patience)).ok());
    for (const CgroupHierarchy& one : *hierarchies) {
      EXPECT_FALSE(there(fmt::format("{}/nsbench-{}-1", one.directory, maker)));
    }
    ASSERT_LT(++refused, 64);
  }
  EXPECT_GT(refused, 3);
}

TEST_F(OwnCgroupTest, HoldsTheArenaAndIsLinkedThere) {
  for (const Privilege privilege : {Privilege::Root, Privilege::Userns}) {
    if (const auto why = testing::impossible({Kind::Cgroup}, privilege)) continue;
    ArenaSpec spec = testing::arena_for({Kind::Cgroup}, privilege);
    spec.own_cgroup = true;
    const std::string said = testing::in_arena(spec, [] {
      const std::string link = scratch_dir() + std::string(OwnCgroup::unified_link);
      const Result<std::string> linked = read_link(link);
      const std::string path = linked ? *linked : "";
      const Result<std::string> members = read_small_file(link + "/cgroup.procs");
      const std::string own = std::to_string(::getpid());
      const bool inside = members && ("\n" + *members).find("\n" + own + "\n") != std::string::npos;
      const bool mine = ::mkdir((link + "/below").c_str(), 0755) == 0;
      return path + (inside ? " in" : " out") + (mine ? " mine" : " foreign");
    });
    if (said.starts_with(" ")) GTEST_SKIP() << "no unified hierarchy";
    EXPECT_TRUE(said.ends_with(" in mine")) << said;
    EXPECT_FALSE(there(said.substr(0, said.find(' '))));
  }
}

}  // namespace
}  // namespace nsbench
