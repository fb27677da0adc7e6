// The canary's promise, checked by the kernel's own count: when it is back, all that was dropped
// before it is gone.
#include "bench/drain.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "bench/worker.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/support.h"

namespace nsbench::bench {
namespace {

constexpr int limit = 16;

// A child inside fresh namespaces, or -1.
pid_t make_inside(NamespaceSet set) {
  const pid_t pid = calls::clone3(set.flags(), nullptr);
  if (pid == 0) {
    for (;;) ::pause();
  }
  return pid;
}

void drop(pid_t inside) {
  ::kill(inside, SIGKILL);
  ::waitpid(inside, nullptr, 0);
}

// In a user namespace of its own that allows `limit` of each kind.
Status enter_counted_user_namespace(NamespaceSet set) {
  const OuterIds outer = OuterIds::current();
  if (calls::unshare(CLONE_NEWUSER) != 0) return Error::last("unshare(CLONE_NEWUSER)");
  if (Status s = write_own_maps(outer, 0, 0); !s) return s;
  for (const Kind kind : set.kinds()) {
    const std::string path = "/proc/sys/user/" + std::string(row(kind).limit);
    if (Status s = write_small_file(path, std::to_string(limit)); !s) return s;
  }
  return {};
}

// Makes and drops as many as the limit allows, waits for the canary's word by way of `port`, and
// answers how many can be had at once.
std::string count_after_drain(NamespaceSet set, Channel& port) {
  if (Status s = enter_counted_user_namespace(set); !s) return s.error().str();
  for (int i = 0; i < limit; ++i) {
    if (const pid_t inside = make_inside(set); inside > 0) drop(inside);
  }
  if (!port.send("dropped") || !port.receive()) return "no word";
  std::vector<pid_t> inside;
  for (int i = 0; i < limit; ++i) {
    if (const pid_t pid = make_inside(set); pid > 0) inside.push_back(pid);
  }
  for (const pid_t pid : inside) drop(pid);
  return std::to_string(inside.size());
}

// The whole test, in an arena: what the harness is told.
std::string drain_and_count(NamespaceSet set) {
  static_cast<void>(pin_to_last_cpu());
  Result<Canary> canary = Canary::make(set);
  if (!canary) return "skip: " + canary.error().str();
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error().str();
  Result<Child> child = Child::fork([&] {
    const std::string count = count_after_drain(set, ends->second);
    return ends->second.send(count) ? 0 : 1;
  });
  if (!child) return child.error().str();
  const Result<std::string> dropped = ends->first.receive();
  if (!dropped || *dropped != "dropped") return dropped ? *dropped : dropped.error().str();
  if (!canary->wait_until_gone(std::chrono::seconds(20))) return "the canary never came back";
  if (Status s = ends->first.send("go on"); !s) return s.error().str();
  const Result<std::string> count = ends->first.receive();
  return count ? *count : count.error().str();
}

class Drained : public testing::TestWithParam<NamespaceSet> {};

TEST_P(Drained, MeansThatTheLimitIsFreeAgain) {
  if (Support::look().chrooted) GTEST_SKIP() << "in a chroot no arena can be made";
  Result<Arena> arena = Arena::start({}, [](StagePort& port) {
    if (!port.send(drain_and_count(GetParam()))) ::_exit(1);
  });
  if (!arena) GTEST_SKIP() << arena.error().str();
  const Result<std::string> count = arena->receive(Deadline::in(std::chrono::seconds(60)));
  ASSERT_TRUE(count) << count.error().str();
  if (count->starts_with("skip")) GTEST_SKIP() << *count;
  EXPECT_EQ(*count, std::to_string(limit));
}

std::vector<NamespaceSet> sets() {
  std::vector<NamespaceSet> sets{NamespaceSet::all()};
  for (const KindRow& kind : all_kinds) sets.push_back({kind.kind});
  return sets;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Drained, testing::ValuesIn(sets()),
                         [](const auto& set) { return set.param.str(); });

}  // namespace
}  // namespace nsbench::bench
