// The family `memory`: how much of the kernel's memory a namespace takes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <utility>

#include "bench/costs.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/held.h"
#include "bench/kernel_memory.h"
#include "bench/operation.h"
#include "bench/small_root.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

// So many are made for one number: the more, the less of it is others' doing.
constexpr std::size_t at_once(NamespaceSet set) {
  return set.has(Kind::Net) || set.has(Kind::Mnt) ? 16 : 64;
}

// All of a batch stay alive until its end, so that what one call measures is not what another gave
// back: memory of dropped ones is reused or freed some time later.
class Growth final : public Operation {
 public:
  Growth(NamespaceSet set, bool by_processes)
      : set_(set), count_(at_once(set)), by_processes_(by_processes) {}

  Status arrange() override {
    if (!set_.has(Kind::Mnt)) return {};
    Result<Fd> mounts = small_mount_namespace(0);
    if (!mounts) return mounts.error();
    small_mounts_ = std::move(*mounts);
    return {};
  }

  Status begin() override {
    if (Status s = kernel_.open(); !s) return s;
    if (by_processes_) leave_heap_out_of_children();
    allow_many_descriptors();
    own_ = Fd(::open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!own_.valid()) return Error::last("open(/proc/self/ns)");
    if (set_.has(Kind::Mnt) && calls::setns(small_mounts_.get(), row(Kind::Mnt).flag) != 0) {
      return Error::last("setns(fd, CLONE_NEWNS)");
    }
    return {};
  }

  Timing time_one() override {
    const Result<double> before = kernel_.bytes();
    if (!before) return before.error();
    for (std::size_t i = 0; i < count_; ++i) {
      if (Status s = by_processes_ ? one_process_more() : one_descriptor_more(); !s) {
        return s.error();
      }
    }
    const Result<double> after = kernel_.bytes();
    if (!after) return after.error();
    return std::max(0.0, (*after - *before) / static_cast<double>(count_));
  }

  void end() override {
    for (const pid_t pid : inside_) ::kill(pid, SIGKILL);
    for (const pid_t pid : inside_) reap(pid);
    inside_.clear();
  }

 private:
  Status one_descriptor_more() {
    const Kind kind = set_.kinds().front();
    if (calls::unshare(row(kind).flag) != 0) {
      return Error::last(fmt::format("unshare({})", row(kind).flag_name));
    }
    if (::openat(own_.get(), made_by_unshare(kind), O_RDONLY | O_CLOEXEC) < 0) {
      return Error::last(fmt::format("open(/proc/self/ns/{})", row(kind).name));
    }
    return {};
  }

  Status one_process_more() {
    const pid_t pid = calls::clone3(set_.flags(), nullptr);
    if (pid == 0) sleep_until_killed();
    if (pid < 0) return Error::last(fmt::format("clone3({})", set_.flag_names()));
    inside_.push_back(pid);
    return {};
  }

  NamespaceSet set_;
  std::size_t count_;
  bool by_processes_;
  Fd small_mounts_;
  Fd own_;
  KernelMemory kernel_;
  std::vector<pid_t> inside_;
};

std::unique_ptr<Operation> make_memory(const BenchCase& bench_case,
                                       const Stopwatch& /*stopwatch*/) {
  return std::make_unique<Growth>(bench_case.workload->namespaces, bench_case.way == clone3_way);
}

constexpr std::string_view by_descriptor =
    "by how much the kernel's memory grows (slab, per-CPU, vmalloc, page tables and stacks in "
    "/proc/meminfo) for each of 16 (net, mnt) or 64 that unshare makes and a descriptor keeps. Of "
    "the whole machine: others' doings are in it, and pages of 4 kB are its resolution";
constexpr std::string_view by_process =
    "by how much the kernel's memory grows (slab, per-CPU, vmalloc, page tables and stacks in "
    "/proc/meminfo) for each of 16 (all) or 64 processes that clone3 makes inside; less that of "
    "`none` it is the namespaces'. Of the whole machine: others' doings are in it";
constexpr std::string_view baseline =
    "by how much the kernel's memory grows for each of 64 processes without namespaces of their "
    "own";

constexpr std::string_view cost_in_memory(Kind kind) {
  switch (kind) {
    case Kind::Net:
      return "setup_net() (net/core/net_namespace.c): each pernet_operations' own, sysctl tables, "
             "hash tables, the loopback device and its per-CPU counters";
    case Kind::Ipc:
      return "create_ipc_ns() (ipc/namespace.c): three hash tables of objects, sysctl tables, and "
             "the superblock of mqueue";
    case Kind::User:
      return "create_user_ns() (kernel/user_namespace.c): the struct with its maps, its sysctl "
             "table; "
             "and the credentials of the process";
    case Kind::Time:
      return "clone_time_ns() (kernel/time/namespace.c): a page for the vvar data";
    case Kind::Mnt:
      return "alloc_mnt_ns() and clone_mnt() (fs/namespace.c): a struct mount with per-CPU "
             "counters "
             "for each mount";
    default:
      return "one object of the kind's own slab cache (kernel/nsproxy.c: and an nsproxy), and the "
             "inode and dentry of its descriptor (fs/nsfs.c)";
  }
}

constexpr Workload memory(std::string_view name, NamespaceSet set, bool processes,
                          std::string_view sentence, std::string_view cost) {
  return {
      .family = "memory",
      .name = name,
      .namespaces = set,
      .ways = processes ? std::span<const Way>(clone3_only) : std::span<const Way>(unshare_only),
      .make = make_memory,
      .sentence = sentence,
      .dominated_by = cost,
      .by_hand =
          "grep Slab /proc/meminfo; for i in $(seq 100); do unshare {options} sleep 9 & "
          "done; sleep 1; grep Slab /proc/meminfo",
      .source = "proc_meminfo(5)",
      .tier = Tier::Curve,
      .unit = "bytes",
      .made_per_call = at_once(set)};
}

constexpr Workload memory_of(std::string_view name, Kind kind) {
  const bool processes = kind == Kind::Pid || kind == Kind::User;
  return memory(name, {kind}, processes, processes ? by_process : by_descriptor,
                cost_in_memory(kind));
}

constexpr std::array rows{
    memory("none", {}, true, baseline,
           "copy_process() (kernel/fork.c): task_struct, the kernel stack, page tables"),
    memory_of("user", Kind::User),
    memory_of("pid", Kind::Pid),
    memory_of("uts", Kind::Uts),
    memory_of("ipc", Kind::Ipc),
    memory_of("net", Kind::Net),
    memory_of("cgroup", Kind::Cgroup),
    memory_of("time", Kind::Time),
    memory_of("mnt", Kind::Mnt),
    memory("all", NamespaceSet::all(), true, by_process,
           "setup_net() (net/core/net_namespace.c), as in memory/net"),
};

}  // namespace

std::span<const Workload> memory_workloads() { return rows; }

}  // namespace nsbench::bench
