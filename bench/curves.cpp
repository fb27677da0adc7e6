// The curves of `create`: the same call where there are many mounts, many namespaces, deep nesting
// or much memory already.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "bench/costs.h"
#include "bench/create.h"
#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/held.h"
#include "bench/preparation.h"
#include "bench/small_root.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::bench {
namespace {

// ---- live namespaces

// By descriptors. Where it is about mnt, each is a copy of a namespace with one mount.
Status hold_by_descriptors(Kind kind, std::size_t count, int small_mounts) {
  allow_many_descriptors();
  const Fd own(::open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!own.valid()) return Error::last("open(/proc/self/ns)");
  if (kind == Kind::Mnt && calls::setns(small_mounts, row(kind).flag) != 0) {
    return Error::last("setns(fd, CLONE_NEWNS)");
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (calls::unshare(row(kind).flag) != 0) {
      return Error::last(fmt::format("unshare({}), the {}th alive", row(kind).flag_name, i + 1));
    }
    if (::openat(own.get(), made_by_unshare(kind), O_RDONLY | O_CLOEXEC) < 0) {
      return Error::last(fmt::format("open(/proc/self/ns/{}), the {}th", row(kind).name, i + 1));
    }
  }
  return {};
}

// By processes that sleep in them, for kinds that unshare makes only once or that can't be left.
Status hold_by_processes(Kind kind, std::size_t count) {
  leave_heap_out_of_children();
  for (std::size_t i = 0; i < count; ++i) {
    const pid_t pid = calls::clone3(row(kind).flag, nullptr);
    if (pid == 0) sleep_until_killed();
    if (pid < 0) {
      return Error::last(fmt::format("clone3({}), the {}th alive", row(kind).flag_name, i + 1));
    }
  }
  return {};
}

bool held_by_processes(Kind kind) { return kind == Kind::Pid || kind == Kind::User; }

std::unique_ptr<Operation> make_live(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  struct State {
    Fd small_mounts;
    Child holder;
  };
  const Kind kind = bench_case.workload->namespaces.kinds().front();
  const std::size_t count = bench_case.value_or(0);
  auto state = std::make_shared<State>();
  const auto arrange = [state, kind, count]() -> Status {
    if (kind == Kind::Mnt) {
      Result<Fd> mounts = small_mount_namespace(0);
      if (!mounts) return mounts.error();
      state->small_mounts = std::move(*mounts);
    }
    Result<Child> holder = sleeper_after([&]() -> Status {
      return held_by_processes(kind) ? hold_by_processes(kind, count)
                                     : hold_by_descriptors(kind, count, state->small_mounts.get());
    });
    if (!holder) return holder.error();
    state->holder = std::move(*holder);
    return {};
  };
  return prepared(make_create(bench_case, stopwatch), {.arrange = arrange});
}

// ---- depth

Status descend(Kind kind, std::size_t levels) {
  for (std::size_t i = 0; i < levels; ++i) {
    if (kind == Kind::Pid) {
      if (Status s = continue_in_child(row(kind).flag); !s) return s;
      continue;
    }
    const OuterIds outer = OuterIds::current();
    if (calls::unshare(row(kind).flag) != 0) {
      return Error::last(fmt::format("unshare({}), {} levels deep", row(kind).flag_name, i));
    }
    if (Status s = write_own_maps(outer, 0, 0); !s) return s;
    stay_tied_to_parent();
  }
  return {};
}

std::unique_ptr<Operation> make_deep(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const Kind kind = bench_case.workload->namespaces.kinds().front();
  const std::size_t levels = bench_case.value_or(0);
  return prepared(make_create(bench_case, stopwatch),
                  {.before = [kind, levels] { return descend(kind, levels); }});
}

// ---- resident memory

constexpr std::size_t megabyte = 1024UL * 1024;

// In pages of the usual size: with huge ones there are 512 times fewer entries to be copied.
Status grow_by(std::size_t bytes) {
  if (bytes == 0) return {};
  void* const place =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return Error::last("mmap(resident memory)");
  ::madvise(place, bytes, MADV_NOHUGEPAGE);  // EINVAL: the kernel has none
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < bytes; at += page) static_cast<volatile char*>(place)[at] = 1;
  return {};
}

std::unique_ptr<Operation> make_resident(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const std::size_t bytes = bench_case.value_or(0) * megabyte;
  // Behind begin(), which leaves what is large out of children.
  return prepared(make_create(bench_case, stopwatch),
                  {.after = [bytes] { return grow_by(bytes); }});
}

// ---- rows

constexpr std::array<std::int64_t, 5> mount_counts{0, 10, 100, 1000, 5000};
constexpr std::array<std::int64_t, 4> live_counts{0, 100, 1000, 4000};
constexpr std::array<std::int64_t, 5> depths{0, 1, 4, 16, 30};
constexpr std::array<std::int64_t, 4> megabytes{0, 64, 256, 1024};

constexpr std::array by_process{clone3_way, vfork_way};
constexpr std::array mounts_ways{unshare_way, vfork_way};
constexpr std::array resident_ways{clone_way, clone3_way, vfork_way};

constexpr Workload curve(std::string_view name, NamespaceSet set, std::span<const Way> ways,
                         Workload::Make make, Curve at, std::string_view sentence,
                         std::string_view cost, std::string_view by_hand) {
  return {.family = "create",
          .name = name,
          .namespaces = set,
          .ways = ways,
          .make = make,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = by_hand,
          .source = "clone(2), unshare(2), namespaces(7)",
          .tier = Tier::Curve,
          .curve = at};
}

constexpr Workload live(std::string_view name, Kind kind) {
  const bool processes = kind == Kind::Pid || kind == Kind::User;
  Workload row = curve(
      name, {kind},
      processes ? std::span<const Way>(by_process) : std::span<const Way>(unshare_only), make_live,
      {"live", live_counts},
      processes ? "the one call that makes the namespace, while so many of its kind are alive, "
                  "each with a sleeping process in it; not its teardown"
                : "the one call that makes the namespace, while so many of its kind are alive, "
                  "each held by a descriptor; not its teardown",
      cost_of_making(kind),
      "unshare {options} sleep 60 & unshare {options} sleep 60 &\n"
      "strace -T -e trace=unshare unshare {options} true");
  row.alone = true;
  return row;
}

constexpr Workload deep(std::string_view name, Kind kind, std::string_view cost) {
  return curve(name, {kind}, by_process, make_deep, {"depth", depths},
               "the one clone3 that makes the namespace, by a process that is so many levels below "
               "the arena's already; the arena is one level below its maker for pid, and as "
               "userns one or two for user",
               cost,
               "unshare {options} --fork unshare {options} --fork strace -T -e trace=unshare "
               "unshare {options} true");
}

constexpr std::array rows{
    curve(
        "mnt", {Kind::Mnt}, mounts_ways, make_create, {"mounts", mount_counts},
        "the one call that makes a mount namespace, as a copy of one that has a tmpfs as its root "
        "and so many bind mounts on it; not its teardown, which takes about as long",
        "copy_tree() (fs/namespace.c): clone_mnt() for each mount, under namespace_sem",
        "unshare {options} sh -c 'for i in $(seq 1000); do mount --bind /mnt /mnt; done; strace "
        "-T -e trace=unshare unshare {options} true'"),
    live("user", Kind::User),
    live("pid", Kind::Pid),
    live("uts", Kind::Uts),
    live("ipc", Kind::Ipc),
    live("net", Kind::Net),
    live("cgroup", Kind::Cgroup),
    live("time", Kind::Time),
    live("mnt", Kind::Mnt),
    deep("user", Kind::User,
         "inc_user_namespaces() (kernel/ucount.c): inc_ucount() counts at every level above; and "
         "create_user_ns()"),
    deep("pid", Kind::Pid,
         "alloc_pid() (kernel/pid.c): a number at every level above, each with its idr under "
         "pidmap_lock; and create_pid_namespace()"),
    curve("none", {}, resident_ways, make_resident, {"resident_mb", megabytes},
          "the call that makes a process without namespaces of its own, by one that has so many "
          "megabytes more, touched, in pages of the usual size. clone3.vfork does not copy them",
          "dup_mmap(), copy_page_range() (mm/memory.c): an entry per page",
          "perf ftrace latency -T dup_mm -- python3 -c 'import os; m=bytearray(10**9); os.fork()'"),
};

}  // namespace

std::span<const Workload> curve_workloads() { return rows; }

}  // namespace nsbench::bench
