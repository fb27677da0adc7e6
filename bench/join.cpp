// The family `join`: what entering existing namespaces by setns costs.
#include <fmt/format.h>

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

class JoinByFds final : public Act {
 public:
  JoinByFds(NamespaceSet held, const Stopwatch& stopwatch) : held_(held), stopwatch_(stopwatch) {}

  Status arrange() override {
    Result<Child> holder = make_holder(held_);
    if (!holder) return holder.error();
    const Result<std::string> dir = proc_dir(*holder);
    if (!dir) return dir.error();
    Result<NamespaceFds> targets = NamespaceFds::open(*dir, joined(held_));
    if (!targets) return targets.error();
    targets_ = std::move(*targets);
    holder_ = std::move(*holder);
    return {};
  }

  void rehearse() override { static_cast<void>(time_call(NamespaceFds::none())); }
  Result<double> run() override { return time_call(targets_); }

 private:
  Result<double> time_call(const NamespaceFds& targets) {
    const Ticks started = stopwatch_.start();
    const Status entered = targets.join();
    const Ticks stopped = stopwatch_.stop();
    if (!entered) return entered.error();
    return stopwatch_.ns(started, stopped);
  }

  NamespaceSet held_;
  Stopwatch stopwatch_;
  Child holder_;
  NamespaceFds targets_;
};

class JoinByPidfd final : public Act {
 public:
  JoinByPidfd(NamespaceSet held, const Stopwatch& stopwatch)
      : held_(held),
        flags_(joined(held).flags()),
        step_(fmt::format("setns(pidfd, {})", joined(held).flag_names())),
        stopwatch_(stopwatch) {}

  Status arrange() override {
    Result<Child> holder = make_holder(held_);
    if (!holder) return holder.error();
    holder_ = std::move(*holder);
    return {};
  }

  void rehearse() override { static_cast<void>(time_call(-1)); }
  Result<double> run() override { return time_call(holder_.pidfd()); }

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
  Child holder_;
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
