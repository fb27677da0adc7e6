// The family `drain`: how long until a dropped namespace is really gone.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "bench/costs.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/inhabitant.h"
#include "bench/limited.h"
#include "bench/operation.h"
#include "bench/small_root.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

// Between two trials; the CPU is the kernel's meanwhile, whose own workers do the teardown.
constexpr std::chrono::microseconds nap{50};
constexpr std::chrono::seconds patience{8};

// Naps as short as asked for: timers are 50 us late otherwise (PR_SET_TIMERSLACK(2const)).
void nap_exactly() { ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

// Tries until the limit lets one be made again. The trial that succeeds is in the time, since a
// trial may be what waits: create_ipc_ns() flushes the work of free_ipc() rather than refuse.
template <class Try>
Result<Ticks> first_success(const Stopwatch& stopwatch, const std::string& step, Try try_once) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (try_once()) return stopwatch.stop();
    if (errno != ENOSPC) return Error::last(step);
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{step + ": the one before is not gone after 8 s", ENOSPC};
    }
    std::this_thread::sleep_for(nap);
  }
}

// Leaves the namespace that the last trial made, by setns, and tries to make the next.
class GoneAfterSetns final : public Operation {
 public:
  GoneAfterSetns(NamespaceSet set, const Stopwatch& stopwatch)
      : set_(set), step_(fmt::format("unshare({})", set.flag_names())), stopwatch_(stopwatch) {}

  Status begin() override {
    nap_exactly();
    // One more than is dropped: the one at home, which has to be the limited user namespace's own,
    // or there would be no right to go back.
    if (set_.empty()) return open_home();
    if (Status s = enter_limited_user_namespace(set_, 2); !s) return s;
    if (calls::unshare(set_.flags()) != 0) return Error::last(step_);
    if (Status s = open_home(); !s) return s;
    if (set_.has(Kind::Mnt)) {
      if (Status s = keep_one_mount(); !s) return s;
    }
    if (calls::unshare(set_.flags()) != 0) return Error::last(step_);
    return {};
  }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    const Status back = home_.join();
    if (!back) return Error{back.error().step + " back", back.error().err};
    const Result<Ticks> gone = first_success(
        stopwatch_, step_, [this] { return set_.empty() || calls::unshare(set_.flags()) == 0; });
    if (!gone) return gone.error();
    return stopwatch_.ns(started, *gone);
  }

 private:
  // A time namespace that unshare made is the children's only, and so is home then.
  Status open_home() {
    const NamespaceSet time{Kind::Time};
    Result<NamespaceFds> home =
        NamespaceFds::open("/proc/self", set_.empty() ? NamespaceSet{Kind::Uts} : set_ - time);
    if (!home) return home.error();
    home_ = std::move(*home);
    if (!set_.has(Kind::Time)) return {};
    Fd fd(::open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Error::last("open(/proc/self/ns/time_for_children)");
    home_.add(Kind::Time, std::move(fd));
    return {};
  }

  NamespaceSet set_;
  std::string step_;
  Stopwatch stopwatch_;
  NamespaceFds home_;
};

// Lets the only process inside end, and tries to make the next.
class GoneAfterExit final : public Operation {
 public:
  GoneAfterExit(NamespaceSet set, const Stopwatch& stopwatch)
      : set_(set), step_(fmt::format("clone3({})", set.flag_names())), stopwatch_(stopwatch) {}

  Status begin() override {
    nap_exactly();
    if (Status s = enter_limited_user_namespace(set_, 1); !s) return s;
    if (Status s = inhabitant_.prepare(); !s) return s;
    leave_heap_out_of_children();
    if (!inhabitant_.settle(set_.flags())) return Error::last(step_);
    return {};
  }

  Timing time_one() override {
    if (Status s = inhabitant_.wait_until_inside(); !s) return s.error();
    const Ticks started = stopwatch_.start();
    if (Status s = inhabitant_.leave(); !s) return s.error();
    const Result<Ticks> gone =
        first_success(stopwatch_, step_, [this] { return inhabitant_.settle(set_.flags()); });
    if (!gone) return gone.error();
    return stopwatch_.ns(started, *gone);
  }

 private:
  NamespaceSet set_;
  std::string step_;
  Stopwatch stopwatch_;
  Inhabitant inhabitant_;
};

std::unique_ptr<Operation> make_drain(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet set = bench_case.workload->namespaces;
  if (bench_case.way == unshare_way) return std::make_unique<GoneAfterSetns>(set, stopwatch);
  return std::make_unique<GoneAfterExit>(set, stopwatch);
}

constexpr std::array both_ways{unshare_way, clone3_way};

constexpr std::string_view after_setns =
    "from the call that drops the namespace (setns back home out of one that unshare made) until "
    "the kernel counts it no more, and has let the next be made under a limit of one: the making "
    "of "
    "that is in it. Tried every 50 us or so; what is gone at once needs one trial";
constexpr std::string_view after_exit =
    "from the word that lets the only process in it (made by clone3) end until the kernel counts "
    "it "
    "no more, and lets the next be made under a limit of one; not the making. Tried every 50 us "
    "or so";
constexpr std::string_view baseline =
    "the same with nothing to be dropped: setns into the uts namespace that the process is in, or "
    "the end of a process without namespaces of its own";
constexpr std::string_view baseline_cost =
    "ksys_setns() (kernel/nsproxy.c); or do_exit() (kernel/exit.c) and the switches of processes";

constexpr std::string_view cost_of_going(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "delayed_put_task_struct() after an RCU grace period, put_cred_rcu() after another, "
             "then free_user_ns() in a kworker (kernel/user_namespace.c)";
    case Kind::Pid:
      return "zap_pid_ns_processes(), and RCU: put_pid_ns() goes on from delayed_put_pid() "
             "(kernel/pid_namespace.c)";
    case Kind::Ipc:
      return "free_ipc() in a kworker: kern_unmount() of mqueue, and synchronize_rcu() in it "
             "(ipc/namespace.c)";
    case Kind::Net:
      return "cleanup_net() in the kworker netns (net/core/net_namespace.c): each "
             "pernet_operations' "
             "exit, unregister_netdevice_many(), and rcu_barrier(), synchronize_rcu() between them";
    default:
      return cost_of_dropping(kind);
  }
}

constexpr std::string_view hand =
    "unshare --user --map-root-user bash -c 'echo 1 > /proc/sys/user/{limit}; unshare {options} "
    "true; time until unshare {options} true 2>/dev/null; do :; done'";

constexpr Workload drain(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                         std::string_view sentence, std::string_view cost) {
  return {.family = "drain",
          .name = name,
          .namespaces = set,
          .ways = ways,
          .make = make_drain,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = hand,
          .source = "namespaces(7), \"Namespace lifetime\" and \"/proc/sys/user\""};
}

constexpr Workload drain_one(std::string_view name, Kind kind) {
  const bool by_exit = kind == Kind::User || kind == Kind::Pid;
  return drain(name, {kind},
               by_exit ? std::span<const Way>(clone3_only) : std::span<const Way>(unshare_only),
               by_exit ? after_exit : after_setns, cost_of_going(kind));
}

constexpr std::array rows{
    drain("none", {}, both_ways, baseline, baseline_cost),
    drain_one("user", Kind::User),
    drain_one("pid", Kind::Pid),
    drain_one("uts", Kind::Uts),
    drain_one("ipc", Kind::Ipc),
    drain_one("net", Kind::Net),
    drain_one("cgroup", Kind::Cgroup),
    drain_one("time", Kind::Time),
    drain_one("mnt", Kind::Mnt),
    drain("all", NamespaceSet::all(), clone3_only, after_exit,
          "cleanup_net() (net/core/net_namespace.c), as in drain/net, and the user namespace "
          "behind it: each of the others holds it until it is gone itself"),
};

}  // namespace

std::span<const Workload> drain_workloads() { return rows; }

}  // namespace nsbench::bench
