// The family `cycle`: making a namespace and dropping it again, over and over, alone or by many
// processes at once.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "bench/costs.h"
#include "bench/crowd.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/held.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

class CycleBySetns final : public FromHome {
 public:
  CycleBySetns(NamespaceSet set, const Stopwatch& stopwatch)
      : FromHome(Method::Unshare, set, stopwatch) {}

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    const int made = calls::unshare(flags_);
    const int err = errno;
    const Status back = home_.join();
    const Ticks stopped = stopwatch_.stop();
    if (made != 0) return Error{step_, err};
    if (!back) return Error{back.error().step + " back", back.error().err};
    return stopwatch_.ns(started, stopped);
  }
};

class CycleByExit final : public FromHome {
 public:
  CycleByExit(NamespaceSet set, const Stopwatch& stopwatch)
      : FromHome(Method::Clone3, set, stopwatch) {}

  Status begin() override {
    leave_heap_out_of_children();
    return FromHome::begin();
  }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    const pid_t pid = calls::clone3(flags_, nullptr);
    if (pid == 0) ::_exit(0);
    if (pid < 0) return Error::last(step_);
    const Status ended = ended_well(pid);
    const Ticks stopped = stopwatch_.stop();
    if (!ended) return ended.error();
    return stopwatch_.ns(started, stopped);
  }
};

std::unique_ptr<Operation> make_cycle(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet set = bench_case.workload->namespaces;
  if (bench_case.way == unshare_way) return std::make_unique<CycleBySetns>(set, stopwatch);
  return std::make_unique<CycleByExit>(set, stopwatch);
}

// About a millisecond's worth for each process, so that they really meet, and together no more than
// a batch may leave behind.
std::size_t calls_in_a_row(NamespaceSet set) {
  if (set.has(Kind::Net)) return 4;
  if (set.has(Kind::User) || set.has(Kind::Pid) || set.has(Kind::Ipc)) return 16;
  if (set.has(Kind::Mnt)) return 32;
  return set.empty() ? 16 : 256;
}

std::unique_ptr<Operation> make_crowd(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  return in_a_crowd(make_cycle(bench_case, stopwatch), bench_case.value_or(1),
                    calls_in_a_row(bench_case.workload->namespaces));
}

constexpr std::array<std::int64_t, 5> workers{1, 2, 4, 8, 16};
constexpr std::array both_ways{unshare_way, clone3_way};

constexpr std::string_view by_setns =
    "unshare and setns back home, together: one made and dropped. What the kernel does later is "
    "waited for between batches, and is in the sustained rate";
constexpr std::string_view by_exit =
    "clone3 of a process that exits at once, until it is reaped: one made and dropped. What the "
    "kernel does later is waited for between batches, and is in the sustained rate";
constexpr std::string_view baseline =
    "the same without any CLONE_NEW* flag: unshare(0) and setns into the uts namespace that one is "
    "in, or a process that exits at once";
constexpr std::string_view crowd_by_setns =
    "unshare and setns back home, together, by each of so many processes at once, tied to the CPUs "
    "in turn: one time is one process's. The sustained rate is that of all of them";
constexpr std::string_view crowd_by_exit =
    "clone3 of a process that exits at once, until it is reaped, by each of so many processes at "
    "once, tied to the CPUs in turn: one time is one process's. The sustained rate is that of all";

constexpr std::string_view none_cost =
    "the entry and exit of two system calls and ksys_setns() (kernel/nsproxy.c); or copy_process() "
    "and do_exit() with dup_mm() and exit_mmap()";
constexpr std::string_view all_cost =
    "setup_net() (net/core/net_namespace.c), and put_mnt_ns() (fs/namespace.c)";

constexpr std::string_view cost_of_a_crowd(Kind kind) {
  switch (kind) {
    case Kind::Net:
      return "pernet_ops_rwsem, which setup_net() and cleanup_net() share, and rtnl_lock() "
             "(net/core/"
             "net_namespace.c)";
    case Kind::Mnt:
      return "namespace_sem, which copy_tree() and umount_tree() take alone (fs/namespace.c)";
    case Kind::Ipc:
      return "mq_init_ns() and its superblock under sb_lock; sysctl_lock for the tables "
             "(ipc/namespace.c)";
    case Kind::User:
      return "setup_userns_sysctls() under sysctl_lock, and key and credential allocations "
             "(kernel/user_namespace.c)";
    case Kind::Pid:
      return "tasklist_lock and pidmap_lock: alloc_pid(), zap_pid_ns_processes() (kernel/pid.c)";
    case Kind::Cgroup:
      return "css_set_lock (kernel/cgroup/namespace.c)";
    default:
      return "the allocator and inc_ucount() (kernel/ucount.c), whose counter all share";
  }
}

constexpr Workload cycle(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                         std::string_view sentence, std::string_view cost) {
  return {.family = "cycle",
          .name = name,
          .namespaces = set,
          .ways = ways,
          .make = make_cycle,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = "perf stat -r 100 unshare {options} --fork true",
          .source = "unshare(2), setns(2), clone(2)"};
}

constexpr bool is_by_exit(Kind kind) { return kind == Kind::User || kind == Kind::Pid; }
constexpr std::span<const Way> ways_of(Kind kind) {
  return is_by_exit(kind) ? std::span<const Way>(clone3_only) : std::span<const Way>(unshare_only);
}

constexpr Workload cycle_one(std::string_view name, Kind kind) {
  return cycle(name, {kind}, ways_of(kind), is_by_exit(kind) ? by_exit : by_setns,
               cost_of_making(kind));
}

constexpr Workload crowd(Workload row, std::string_view sentence, std::string_view cost) {
  row.sentence = sentence;
  row.dominated_by = cost;
  row.make = make_crowd;
  row.tier = Tier::Curve;
  row.curve = {"workers", workers};
  return row;
}

constexpr Workload crowd_one(std::string_view name, Kind kind) {
  return crowd(cycle_one(name, kind), is_by_exit(kind) ? crowd_by_exit : crowd_by_setns,
               cost_of_a_crowd(kind));
}

constexpr std::array rows{
    cycle("none", {}, both_ways, baseline, none_cost),
    cycle_one("user", Kind::User),
    cycle_one("pid", Kind::Pid),
    cycle_one("uts", Kind::Uts),
    cycle_one("ipc", Kind::Ipc),
    cycle_one("net", Kind::Net),
    cycle_one("cgroup", Kind::Cgroup),
    cycle_one("time", Kind::Time),
    cycle_one("mnt", Kind::Mnt),
    cycle("all", NamespaceSet::all(), clone3_only, by_exit, all_cost),
    crowd(cycle("none", {}, clone3_only, "", ""), crowd_by_exit,
          "tasklist_lock and pidmap_lock: copy_process(), release_task() (kernel/fork.c, exit.c)"),
    crowd_one("user", Kind::User),
    crowd_one("pid", Kind::Pid),
    crowd_one("uts", Kind::Uts),
    crowd_one("ipc", Kind::Ipc),
    crowd_one("net", Kind::Net),
    crowd_one("cgroup", Kind::Cgroup),
    crowd_one("time", Kind::Time),
    crowd_one("mnt", Kind::Mnt),
};

}  // namespace

std::span<const Workload> cycle_workloads() { return rows; }

}  // namespace nsbench::bench
