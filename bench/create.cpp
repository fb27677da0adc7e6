// The family `create`: what making namespaces costs, by clone, clone3 and unshare.
#include "bench/create.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "bench/costs.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/held.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

// Timed in the parent, around a fork-like call: what it costs to have a child inside. The child
// waits until the time is taken, so its own end and the namespaces' teardown are outside.
class CreateByClone final : public Operation {
 public:
  CreateByClone(Method method, NamespaceSet set, Home home, const Stopwatch& stopwatch)
      : call_(method == Method::Clone ? calls::clone : calls::clone3),
        flags_(set.flags()),
        step_(fmt::format("{}({})", id(method), set.flag_names())),
        stopwatch_(stopwatch),
        home_(std::move(home)) {}

  Status arrange() override { return home_.arrange(); }
  Status begin() override {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
    released_ = Fd(ends[0]);
    release_ = Fd(ends[1]);
    leave_heap_out_of_children();
    return home_.enter();
  }
  [[nodiscard]] Libraries libraries() const override { return Libraries::Cxx; }

  Timing time_one() override {
    // The child has no heap, so neither `this`.
    const int released = released_.get();
    const Ticks started = stopwatch_.start();
    const pid_t pid = call_(flags_, nullptr);
    if (pid == 0) wait_and_exit(released);
    const Ticks stopped = stopwatch_.stop();
    if (pid < 0) return Timing::failed(step_.c_str());
    if (::write(release_.get(), "", 1) != 1) return Timing::failed("write(pipe)");
    if (Status ended = ended_well(pid); !ended) return ended.error();
    return stopwatch_.ns(started, stopped);
  }

 private:
  [[noreturn]] static void wait_and_exit(int released) {
    stay_tied_to_parent();
    char byte = 0;
    while (::read(released, &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }

  Child::Call call_;
  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
  Home home_;
  Fd released_, release_;
};

// The same without a copy of the caller's memory: the kernel's part of a process' start and of the
// namespaces', and little else.
class CreateByVfork final : public Operation {
 public:
  CreateByVfork(NamespaceSet set, Home home, const Stopwatch& stopwatch)
      : flags_(set.flags()),
        step_(fmt::format("clone3(CLONE_VM|CLONE_VFORK, {})", set.flag_names())),
        stopwatch_(stopwatch),
        home_(std::move(home)) {}
  CreateByVfork(const CreateByVfork&) = delete;
  CreateByVfork& operator=(const CreateByVfork&) = delete;
  ~CreateByVfork() override {
    if (stack_ != nullptr) ::munmap(stack_, stack_size);
  }

  Status arrange() override {
    void* const place = ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (place == MAP_FAILED) return Error::last("mmap(MAP_STACK)");
    stack_ = place;
    return home_.arrange();
  }
  Status begin() override { return home_.enter(); }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    const pid_t pid = calls::clone3_vfork(flags_, stack_, stack_size);
    const Ticks stopped = stopwatch_.stop();
    if (pid < 0) return Timing::failed(step_.c_str());
    if (Status ended = ended_well(pid); !ended) return ended.error();
    return stopwatch_.ns(started, stopped);
  }

 private:
  static constexpr std::size_t stack_size = 16UL * 1024;
  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
  Home home_;
  void* stack_ = nullptr;
};

class Unshare final : public Act {
 public:
  Unshare(NamespaceSet set, const Stopwatch& stopwatch)
      : flags_(set.flags()),
        step_(fmt::format("unshare({})", set.flag_names())),
        stopwatch_(stopwatch) {}

  void rehearse() override { static_cast<void>(time_call(0)); }
  Timing run() override { return time_call(flags_); }

  // A second unshare would drop what the first has made.
  [[nodiscard]] bool repeatable() const override { return flags_ == 0; }
  Timing run_many(std::size_t count) override {
    int result = 0;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count; ++i) result |= calls::unshare(flags_);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  Timing time_call(std::uint64_t flags) {
    const Ticks started = stopwatch_.start();
    const int result = calls::unshare(flags);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Timing::failed(step_.c_str());
    return stopwatch_.ns(started, stopped);
  }

  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
};

constexpr std::array all_create_ways{clone_way, clone3_way, vfork_way, unshare_way};
// Classic clone can't carry CLONE_NEWTIME: that bit belongs to its exit signal (clone(2)). A
// vfork-like clone3 with it exists, but the child is inside at once on 6.1, and since 6.3 after an
// exec only (copy_namespaces()): not one operation on all kernels, so none here.
constexpr std::array create_time_ways{clone3_way, unshare_way};
constexpr std::array cloning_ways{clone_way, vfork_way};

constexpr std::string_view one_call =
    "the one call that makes the namespace; not its teardown, nor the end of a cloned child. "
    "clone and clone3 are like fork; clone3.vfork shares the memory (CLONE_VM|CLONE_VFORK), and "
    "lasts until the child has exited and the caller runs on";
constexpr std::string_view one_call_small =
    "the one call that makes the namespace, as a copy of one that has one mount, a tmpfs; not its "
    "teardown, nor the end of a cloned child. clone and clone3 are like fork; clone3.vfork shares "
    "the memory, and lasts until the child has exited and the caller runs on";
constexpr std::string_view in_child =
    "the one call that makes the namespace, unshare made in a fresh process each time; not that "
    "process's start or end, nor the writing of id maps. clone3.vfork lasts until the child has "
    "exited and the caller runs on";
constexpr std::string_view many =
    "the one call that makes all of these namespaces, mnt as a copy of one that has one mount; not "
    "their teardown";
constexpr std::string_view baseline =
    "the same call without any CLONE_NEW* flag: the baseline, to be subtracted";

constexpr std::string_view baseline_cost =
    "copy_process() (kernel/fork.c), wake_up_new_task(); like fork also dup_mm(), which copies "
    "page tables; like vfork the switch to the child and its exit. unshare(0): the entry and exit "
    "of a system call";
constexpr std::string_view all_cost =
    "create_new_namespaces() (kernel/nsproxy.c), and of it setup_net(), as in create/net, and "
    "copy_tree(), as in create/mnt";

constexpr std::string_view hand =
    "strace -T -e trace=unshare unshare {options} true\n"
    "perf ftrace latency -T ksys_unshare -- unshare {options} true";
constexpr std::string_view source = "clone(2), unshare(2), namespaces(7)";

constexpr Workload create(std::string_view name, Kind kind, std::span<const Way> ways,
                          std::string_view sentence, std::string_view core = {}) {
  return {.family = "create",
          .name = name,
          .namespaces = {kind},
          .ways = ways,
          .make = make_create,
          .sentence = sentence,
          .dominated_by = cost_of_making(kind),
          .by_hand = hand,
          .source = source,
          .core = core};
}

constexpr Workload create_set(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                              std::string_view sentence, std::string_view cost) {
  return {.family = "create",
          .name = name,
          .namespaces = set,
          .ways = ways,
          .make = make_create,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = hand,
          .source = source};
}

constexpr std::array rows{
    create_set("none", {}, all_create_ways, baseline, baseline_cost),
    create("user", Kind::User, all_create_ways, in_child),
    create("pid", Kind::Pid, all_create_ways, one_call, "clone3"),
    create("uts", Kind::Uts, all_create_ways, one_call, "unshare"),
    create("ipc", Kind::Ipc, all_create_ways, one_call),
    create("net", Kind::Net, all_create_ways, one_call, "unshare"),
    create("cgroup", Kind::Cgroup, all_create_ways, one_call, "unshare"),
    create("time", Kind::Time, create_time_ways, one_call),
    create("mnt", Kind::Mnt, all_create_ways, one_call_small, "unshare"),
    create_set("all", NamespaceSet::all(), create_time_ways, many, all_cost),
    create_set("all_but_time", all_but_time, cloning_ways, many, all_cost),
};

}  // namespace

std::unique_ptr<Operation> make_create(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet set = bench_case.workload->namespaces;
  const bool about_mounts = bench_case.workload->curve.parameter == "mounts";
  const std::size_t mounts = about_mounts ? bench_case.value_or(0) : 0;
  if (bench_case.way.method == Method::Unshare) {
    return repeated(std::make_unique<Unshare>(set, stopwatch), set, mounts);
  }
  Home home(set, mounts);
  if (bench_case.way == vfork_way) {
    return std::make_unique<CreateByVfork>(set, std::move(home), stopwatch);
  }
  return std::make_unique<CreateByClone>(bench_case.way.method, set, std::move(home), stopwatch);
}

std::span<const Workload> create_workloads() { return rows; }

}  // namespace nsbench::bench
