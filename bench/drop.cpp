// The family `drop`: what the one who leaves a namespace last waits for.
#include <fmt/format.h>

#include <array>
#include <string>

#include "bench/costs.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/inhabitant.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

// Makes one by unshare, untimed, and times the way back out of it.
class DropBySetns final : public FromHome {
 public:
  DropBySetns(NamespaceSet set, const Stopwatch& stopwatch)
      : FromHome(Method::Unshare, set, stopwatch) {}

  Timing time_one() override {
    if (flags_ != 0 && calls::unshare(flags_) != 0) return Error::last(step_);
    const Ticks started = stopwatch_.start();
    const Status back = home_.join();
    const Ticks stopped = stopwatch_.stop();
    if (!back) return Error{back.error().step + " back", back.error().err};
    return stopwatch_.ns(started, stopped);
  }
};

// Times the end of the only process inside, from the word that lets it go until it is reaped.
class DropByExit final : public FromHome {
 public:
  DropByExit(NamespaceSet set, const Stopwatch& stopwatch)
      : FromHome(Method::Clone3, set, stopwatch) {}

  Status begin() override {
    if (Status s = inhabitant_.prepare(); !s) return s;
    leave_heap_out_of_children();
    return FromHome::begin();
  }

  Timing time_one() override {
    if (!inhabitant_.settle(flags_)) return Error::last(step_);
    if (Status s = inhabitant_.wait_until_inside(); !s) return s.error();
    const Ticks started = stopwatch_.start();
    const Status left = inhabitant_.leave();
    const Ticks stopped = stopwatch_.stop();
    if (!left) return left.error();
    return stopwatch_.ns(started, stopped);
  }

 private:
  Inhabitant inhabitant_;
};

std::unique_ptr<Operation> make_drop(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet set = bench_case.workload->namespaces;
  if (bench_case.way == setns_way) return std::make_unique<DropBySetns>(set, stopwatch);
  return std::make_unique<DropByExit>(set, stopwatch);
}

constexpr std::array both_ways{setns_way, clone3_way};

constexpr std::string_view one =
    "leaving the namespace as the last: by setns back home out of one that unshare just made, or "
    "by the end of the only process in it (clone3), from the word that lets it go until it is "
    "reaped. What the kernel does later, in its own time, is drain's";
constexpr std::string_view one_small =
    "leaving the namespace, a copy of one with one mount, as the last: by setns back home out of "
    "one that unshare just made, or by the end of the only process in it (clone3), from the word "
    "that lets it go until it is reaped";
constexpr std::string_view by_exit =
    "the end of the only process in it, from the word that lets it go until it is reaped; there is "
    "no other way out. What the kernel does later, in its own time, is drain's";
constexpr std::string_view baseline =
    "setns into the uts namespace that the process is in already, or the end of a process without "
    "namespaces of its own: the baseline, to be subtracted";
constexpr std::string_view baseline_cost =
    "ksys_setns() (kernel/nsproxy.c); or the switch to the process, do_exit() and exit_mmap() "
    "(kernel/exit.c), and the switch back";
constexpr std::string_view all_cost =
    "do_exit(): exit_task_namespaces() and of it put_mnt_ns(), as in drop/mnt; "
    "zap_pid_ns_processes()";
constexpr std::string_view hand =
    "python3 -c 'import os,time; h=os.open(\"/proc/self/ns/{name}\",0); os.unshare({flag}); "
    "t=time.perf_counter_ns(); os.setns(h); print(time.perf_counter_ns()-t)'";
constexpr std::string_view hand_exit = "perf trace -s unshare {options} --fork true";

constexpr Workload drop(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                        std::string_view sentence, std::string_view cost,
                        std::string_view by_hand) {
  return {.family = "drop",
          .name = name,
          .namespaces = set,
          .ways = ways,
          .make = make_drop,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = by_hand,
          .source = "namespaces(7), \"Namespace lifetime\"; setns(2), _exit(2)"};
}

constexpr std::array rows{
    drop("none", {}, both_ways, baseline, baseline_cost, hand),
    drop("user", {Kind::User}, clone3_only, by_exit, cost_of_dropping(Kind::User), hand_exit),
    drop("pid", {Kind::Pid}, both_ways, one, cost_of_dropping(Kind::Pid), hand),
    drop("uts", {Kind::Uts}, both_ways, one, cost_of_dropping(Kind::Uts), hand),
    drop("ipc", {Kind::Ipc}, both_ways, one, cost_of_dropping(Kind::Ipc), hand),
    drop("net", {Kind::Net}, both_ways, one, cost_of_dropping(Kind::Net), hand),
    drop("cgroup", {Kind::Cgroup}, both_ways, one, cost_of_dropping(Kind::Cgroup), hand),
    drop("time", {Kind::Time}, both_ways, one, cost_of_dropping(Kind::Time), hand),
    drop("mnt", {Kind::Mnt}, both_ways, one_small, cost_of_dropping(Kind::Mnt), hand),
    drop("all", NamespaceSet::all(), clone3_only, by_exit, all_cost, hand_exit),
};

}  // namespace

std::span<const Workload> drop_workloads() { return rows; }

}  // namespace nsbench::bench
