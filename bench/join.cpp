// The family `join`: what entering existing namespaces by setns costs.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

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
  JoinByFds(NamespaceSet held, const Stopwatch& stopwatch) : held_(held), stopwatch_(stopwatch) {}

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

  void rehearse() override { static_cast<void>(time_call(NamespaceFds::none())); }
  Result<double> run() override { return time_call(targets_.front().fds); }

  [[nodiscard]] bool repeatable() const override { return true; }
  Result<double> run_many(std::size_t count) override {
    bool entered = true;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count && entered; ++i) {
      entered = targets_[i % target_count].fds.join_each();
    }
    const Ticks stopped = stopwatch_.stop();
    if (!entered) return failure();
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  struct Target {
    Child holder;
    NamespaceFds fds;
  };

  Result<double> time_call(const NamespaceFds& fds) {
    const Ticks started = stopwatch_.start();
    const bool entered = fds.join_each();
    const Ticks stopped = stopwatch_.stop();
    if (!entered) return failure();
    return stopwatch_.ns(started, stopped);
  }
  [[nodiscard]] Error failure() const {
    return Error::last(fmt::format("setns(fd, {})", joined(held_).flag_names()));
  }

  NamespaceSet held_;
  Stopwatch stopwatch_;
  std::array<Target, target_count> targets_;
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
  Result<double> run() override { return time_call(targets_.front().pidfd()); }

  [[nodiscard]] bool repeatable() const override { return true; }
  Result<double> run_many(std::size_t count) override {
    int result = 0;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count && result == 0; ++i) {
      result = calls::setns(targets_[i % target_count].pidfd(), flags_);
    }
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Error::last(step_);
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  Result<double> time_call(int pidfd) {
    const Ticks started = stopwatch_.start();
    const int result = calls::setns(pidfd, flags_);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Error::last(step_);
    return stopwatch_.ns(started, stopped);
  }

  NamespaceSet held_;
  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
  std::array<Child, target_count> targets_;
};

}  // namespace

std::unique_ptr<Operation> make_join(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet held = bench_case.workload->namespaces;
  if (bench_case.way.variant == "pidfd") {
    return repeated(std::make_unique<JoinByPidfd>(held, stopwatch), held);
  }
  return repeated(std::make_unique<JoinByFds>(held, stopwatch), held);
}

}  // namespace nsbench::bench
