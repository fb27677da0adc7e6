// The family `join`: what entering existing namespaces by setns costs.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

#include "bench/costs.h"
#include "bench/families.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"

namespace nsbench::bench {
namespace {

Result<Child> make_holder(NamespaceSet set) {
  return hold_open(set, Deadline::in(std::chrono::seconds(5)));
}

// The namespaces that are joined: for the baseline the uts namespace that one is in already, so
// that all of setns is done and nothing changes.
NamespaceSet joined(NamespaceSet held) { return held.empty() ? NamespaceSet{Kind::Uts} : held; }

// Calls in a row go to two targets in turn: each leaves one namespace and enters another.
constexpr std::size_t target_count = 2;

class JoinByFds final : public Act {
 public:
  JoinByFds(NamespaceSet held, const Stopwatch& stopwatch)
      : held_(held),
        step_(fmt::format("setns(fd, {})", joined(held).flag_names())),
        stopwatch_(stopwatch) {}

  Status arrange() override {
    for (Target& target : targets_) {
      Result<Child> holder = make_holder(held_);
      if (!holder) return holder.error();
      const Result<std::string> dir = proc_dir(*holder);
      if (!dir) return dir.error();
      Result<NamespaceFds> fds = NamespaceFds::open(*dir, joined(held_));
      if (!fds) return fds.error();
      target = {.holder = std::move(*holder), .fds = std::move(*fds)};
    }
    return {};
  }

  void rehearse() override { static_cast<void>(time_call(none_)); }
  Timing run() override { return time_call(targets_.front().fds); }

  [[nodiscard]] Libraries libraries() const override { return Libraries::C; }
  [[nodiscard]] bool repeatable() const override { return true; }
  Timing run_many(std::size_t count) override {
    bool entered = true;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count && entered; ++i) {
      entered = targets_[i % target_count].fds.join_each();
    }
    const Ticks stopped = stopwatch_.stop();
    if (!entered) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  struct Target {
    Child holder;
    NamespaceFds fds;
  };

  Timing time_call(const NamespaceFds& fds) {
    const Ticks started = stopwatch_.start();
    const bool entered = fds.join_each();
    const Ticks stopped = stopwatch_.stop();
    if (!entered) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped);
  }

  NamespaceSet held_;
  std::string step_;
  Stopwatch stopwatch_;
  std::array<Target, target_count> targets_;
  NamespaceFds none_ = NamespaceFds::none();
};

class JoinByPidfd final : public Act {
 public:
  JoinByPidfd(NamespaceSet held, const Stopwatch& stopwatch)
      : held_(held),
        flags_(joined(held).flags()),
        step_(fmt::format("setns(pidfd, {})", joined(held).flag_names())),
        stopwatch_(stopwatch) {}

  Status arrange() override {
    for (Child& target : targets_) {
      Result<Child> holder = make_holder(held_);
      if (!holder) return holder.error();
      target = std::move(*holder);
    }
    return {};
  }

  void rehearse() override { static_cast<void>(time_call(-1)); }
  Timing run() override { return time_call(targets_.front().pidfd()); }

  [[nodiscard]] Libraries libraries() const override { return Libraries::C; }
  [[nodiscard]] bool repeatable() const override { return true; }
  Timing run_many(std::size_t count) override {
    int result = 0;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count && result == 0; ++i) {
      result = calls::setns(targets_[i % target_count].pidfd(), flags_);
    }
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  Timing time_call(int pidfd) {
    const Ticks started = stopwatch_.start();
    const int result = calls::setns(pidfd, flags_);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped);
  }

  NamespaceSet held_;
  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
  std::array<Child, target_count> targets_;
};

std::unique_ptr<Operation> make_join(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet held = bench_case.workload->namespaces;
  if (bench_case.way == pidfd_way) {
    return repeated(std::make_unique<JoinByPidfd>(held, stopwatch), held);
  }
  return repeated(std::make_unique<JoinByFds>(held, stopwatch), held);
}

constexpr std::array both_ways{setns_way, pidfd_way};

constexpr std::string_view one =
    "setns into a namespace that a waiting process holds open; not the way back";
constexpr std::string_view in_child =
    "setns into a namespace that a waiting process holds open, made in a fresh process each time, "
    "since there is no way back";
constexpr std::string_view usual =
    "setns into what a container usually has of its own (pid, uts, ipc, net, cgroup, mnt): six "
    "calls by descriptors, in one time, or one call by a pidfd; not the way back";
constexpr std::string_view all =
    "setns into all namespaces of a waiting process, in a fresh process each time: eight calls by "
    "descriptors, in one time, or one call by a pidfd";
constexpr std::string_view baseline =
    "setns into the uts namespace that the process is in already: the baseline";

constexpr std::string_view many_cost =
    "ksys_setns() (kernel/nsproxy.c), once for each descriptor; of the kinds mntns_install() and "
    "userns_install()";

constexpr std::string_view hand =
    "unshare {options} sleep 60 &\n"
    "strace -T -e trace=setns nsenter -t $! {options} true";

constexpr Workload join(std::string_view name, NamespaceSet set, std::string_view sentence,
                        std::string_view cost, std::string_view core = {}) {
  return {.family = "join",
          .name = name,
          .namespaces = set,
          .ways = both_ways,
          .make = make_join,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = hand,
          .source = "setns(2), pidfd_open(2)",
          .core = core,
          .leaves_dropped = false};
}

constexpr std::array rows{
    join("none", {}, baseline, cost_of_joining(Kind::Uts)),
    join("user", {Kind::User}, in_child, cost_of_joining(Kind::User)),
    join("pid", {Kind::Pid}, one, cost_of_joining(Kind::Pid)),
    join("uts", {Kind::Uts}, one, cost_of_joining(Kind::Uts)),
    join("ipc", {Kind::Ipc}, one, cost_of_joining(Kind::Ipc)),
    join("net", {Kind::Net}, one, cost_of_joining(Kind::Net), "setns"),
    join("cgroup", {Kind::Cgroup}, one, cost_of_joining(Kind::Cgroup)),
    join("time", {Kind::Time}, one, cost_of_joining(Kind::Time)),
    join("mnt", {Kind::Mnt}, one, cost_of_joining(Kind::Mnt)),
    join("usual", usual_set, usual, many_cost),
    join("all", NamespaceSet::all(), all, many_cost),
};

}  // namespace

std::span<const Workload> join_workloads() { return rows; }

}  // namespace nsbench::bench
