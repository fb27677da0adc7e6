// That a curve's cases have what they say: counted from inside, or beside them, in an arena.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <sstream>
#include <string>

#include "bench/held.h"
#include "bench/operation.h"
#include "bench/requirements.h"
#include "bench/stage.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"

namespace nsbench::bench {
namespace {

using Look = std::function<std::string()>;

std::string in_batch(Operation& operation, const Look& look) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error().str();
  Result<Child> child = Child::fork([&] {
    const Status begun = operation.begin();
    if (begun && !operation.time_one()) return 1;
    return ends->second.send(begun ? look() : begun.error().str()) ? 0 : 1;
  });
  if (!child) return child.error().str();
  ends->second.close();
  const Result<std::string> seen = ends->first.receive(Deadline::in(patience_to_arrange));
  return seen ? *seen : seen.error().str();
}

class Curves : public testing::Test {
 protected:
  // What `look` sees in the process of a batch of the case, behind begin() and a call; or, with
  // `outside`, in the worker, while the case is arranged.
  static std::string look_at(const std::string& id, const Look& look, bool outside = false) {
    const BenchCase bench_case = case_of(id);
    const Support support = Support::look();
    if (missing(bench_case, support)) return "skip";
    Result<Arena> arena =
        Arena::start(arena_for(bench_case.privilege, {&bench_case, 1}), [&](StagePort& port) {
          const auto operation = make_operation(bench_case, Stopwatch::calibrate());
          const Status arranged = operation->arrange();
          const std::string seen = !arranged ? arranged.error().str()
                                   : outside ? look()
                                             : in_batch(*operation, look);
          if (!port.send(seen)) ::_exit(1);
        });
    if (!arena) return "skip";
    const Result<std::string> seen = arena->receive(Deadline::in(patience_to_arrange));
    return seen ? *seen : seen.error().str();
  }

  static BenchCase case_of(const std::string& id) {
    for (const BenchCase& bench_case : all_bench_cases()) {
      if (bench_case.id().str() == id) return bench_case;
    }
    ADD_FAILURE() << "no case " << id;
    return {};
  }
};

// Beside the proc that is mounted to be asked, in a namespace of its own.
std::string count_mounts() {
  if (calls::unshare(row(Kind::Mnt).flag) != 0) return "unshare failed";
  if (::mkdir("/asked", 0755) != 0 || ::mount("proc", "/asked", "proc", 0, nullptr) != 0) {
    return "skip";
  }
  const Result<std::string> text = read_small_file("/asked/self/mountinfo");
  if (!text) return text.error().str();
  return std::to_string(std::count(text->begin(), text->end(), '\n') - 1);
}

TEST_F(Curves, MountsAreTheRootAndSoManyMore) {
  for (const auto& [id, mounts] : {std::pair{"create/mnt:unshare:root", "1"},
                                   {"create/mnt/mounts=0:unshare:root", "1"},
                                   {"create/mnt/mounts=100:unshare:root", "101"},
                                   {"create/mnt/mounts=1000:clone3.vfork:root", "1001"}}) {
    const std::string seen = look_at(id, count_mounts);
    if (seen == "skip") GTEST_SKIP();
    EXPECT_EQ(seen, mounts) << id;
  }
}

// How many numbers the process has: one at each level from the arena's own.
std::string count_pid_levels() {
  const Result<std::string> status = read_small_file("/proc/self/status");
  if (!status) return status.error().str();
  std::istringstream numbers(field_of(*status, "NSpid"));
  int levels = 0;
  for (int number = 0; numbers >> number;) ++levels;
  return std::to_string(levels - 1);
}

TEST_F(Curves, DepthIsSoManyLevelsOfPidNamespaces) {
  for (const int depth : {0, 4, 16}) {
    const std::string seen =
        look_at("create/pid/depth=" + std::to_string(depth) + ":clone3:root", count_pid_levels);
    if (seen == "skip") GTEST_SKIP();
    EXPECT_EQ(seen, std::to_string(depth));
  }
}

// From above: how many parents there are up to the caller's own user namespace.
std::string count_user_levels(int fd) {
  struct stat own {};
  if (::stat("/proc/self/ns/user", &own) != 0) return "no own";
  for (int levels = 0; levels < 64; ++levels) {
    struct stat there {};
    ::fstat(fd, &there);
    if (there.st_ino == own.st_ino) return std::to_string(levels);
    fd = ::ioctl(fd, NS_GET_PARENT);
    if (fd < 0) return Error::last("ioctl(NS_GET_PARENT)").str();
  }
  return "too deep";
}

TEST_F(Curves, DepthIsSoManyLevelsOfUserNamespaces) {
  const BenchCase bench_case = case_of("create/user/depth=16:clone3:root");
  if (missing(bench_case, Support::look())) GTEST_SKIP();
  Result<Arena> arena =
      Arena::start(arena_for(bench_case.privilege, {&bench_case, 1}), [&](StagePort& port) {
        const auto operation = make_operation(bench_case, Stopwatch::calibrate());
        const Result<Fd> deep =
            descriptor_made_by_child(Kind::User, [&] { return operation->begin(); });
        if (!port.send(deep ? count_user_levels(deep->get()) : deep.error().str())) ::_exit(1);
      });
  if (!arena) GTEST_SKIP() << arena.error().str();
  const Result<std::string> seen = arena->receive(Deadline::in(patience_to_arrange));
  ASSERT_TRUE(seen) << seen.error().str();
  EXPECT_EQ(*seen, "16");
}

std::string resident_megabytes() {
  const Result<std::string> status = read_small_file("/proc/self/status");
  if (!status) return status.error().str();
  return std::to_string(std::stol(field_of(*status, "VmRSS")) / 1024);
}

TEST_F(Curves, ResidentMemoryIsResident) {
  const std::string seen = look_at("create/none/resident_mb=64:clone3:root", resident_megabytes);
  if (seen == "skip") GTEST_SKIP();
  EXPECT_GE(std::stoi(seen), 64);
  EXPECT_LT(std::stoi(seen), 96);
}

// The namespaces that processes of the arena are in or hold descriptors of, but for the worker's.
std::size_t count_live(const std::string& kind) {
  std::set<std::string> seen;
  const std::string own = *read_link("/proc/self/ns/" + kind);
  DIR* const processes = ::opendir("/proc");
  while (const dirent* process = ::readdir(processes)) {
    if (process->d_name[0] < '0' || process->d_name[0] > '9') continue;
    const std::string dir = std::string("/proc/") + process->d_name;
    if (const auto link = read_link(dir + "/ns/" + kind)) seen.insert(*link);
    DIR* const files = ::opendir((dir + "/fd").c_str());
    while (const dirent* file = files != nullptr ? ::readdir(files) : nullptr) {
      const auto link = read_link(dir + "/fd/" + file->d_name);
      if (link && link->starts_with(kind + ":[")) seen.insert(*link);
    }
    if (files != nullptr) ::closedir(files);
  }
  ::closedir(processes);
  seen.erase(own);
  return seen.size();
}

TEST_F(Curves, SoManyAreAlive) {
  for (const KindRow& kind : all_kinds) {
    const bool processes = kind.kind == Kind::Pid || kind.kind == Kind::User;
    const std::string name(kind.name);
    const std::string seen = look_at(
        "create/" + name + "/live=100:" + (processes ? "clone3" : "unshare") + ":root",
        [&name] { return std::to_string(count_live(name)); }, true);
    if (seen == "skip") continue;
    // Beside them there may be where the holder began, and the one with one mount.
    EXPECT_THAT(std::stoi(seen), testing::AllOf(testing::Ge(100), testing::Le(103))) << name;
  }
}

}  // namespace
}  // namespace nsbench::bench
