// What a kernel says when it is not well: warnings, oopses, the reports of its sanitizers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nsbench {

// Where the excerpt of one splat ends: more would be a log, not a finding.
inline constexpr std::size_t longest_splat = 16'000;  // bytes
// More of one boot are the same few again and again: the rest is only counted.
inline constexpr std::size_t most_splats = 50;

// One time that the kernel said so, as its console had it.
struct Splat {
  std::string kind;     // out of splat_kinds
  std::string excerpt;  // its lines, each but the last ending in a newline; bounded
  std::string running;  // ids of the cases that were running, separated by spaces; may be empty

  friend bool operator==(const Splat&, const Splat&) = default;
};

struct SplatKind {
  std::string_view id;     // stands in reports and policies; a promise
  std::string_view title;  // for people
};
// Closed, so that a policy that names a kind names one that there is.
inline constexpr std::array splat_kinds{
    SplatKind{"panic", "kernel panic"},
    SplatKind{"oops", "oops"},
    SplatKind{"bug", "BUG"},
    SplatKind{"warning", "WARNING"},
    SplatKind{"kasan", "KASAN: bad memory access"},
    SplatKind{"kfence", "KFENCE: bad memory access"},
    SplatKind{"kmsan", "KMSAN: uninitialised memory"},
    SplatKind{"kcsan", "KCSAN: data race"},
    SplatKind{"ubsan", "UBSAN: undefined behaviour"},
    SplatKind{"lockdep", "lockdep: wrong locking"},
    SplatKind{"rcu-stall", "RCU stall"},
    SplatKind{"hung-task", "hung task"},
    SplatKind{"soft-lockup", "soft lockup"},
    SplatKind{"hard-lockup", "hard lockup"},
    SplatKind{"refcount", "wrong reference count"},
    SplatKind{"leak", "memory leak"},
    SplatKind{"oom", "out of memory"},
    SplatKind{"page-allocation", "page allocation failure"},
    SplatKind{"scheduling", "scheduling while atomic"},
    SplatKind{"sysctl", "bad sysctl table"},
    SplatKind{"unregister-netdevice", "a network device that is never released"},
    SplatKind{"taint", "taint that the run left"},
};

bool is_splat_kind(std::string_view id);
// "KASAN: bad memory access"; the id itself if it is not one of splat_kinds.
std::string_view title_of_splat(std::string_view id);

// The line of its excerpt that says most, printable, without the time before it: "BUG: KASAN:
// slab-use-after-free in copy_net_ns+0x5f/0x2a0". The kind's title if there is none.
std::string headline(const Splat& splat);

// `line` without what printk puts before it: "<4>", "[   12.345678] ", "[  T123]".
std::string_view without_printk_prefix(std::string_view line);

// Bits of /proc/sys/kernel/tainted that a kernel which is well never sets
// (Documentation/admin-guide/tainted-kernels.rst): B a bad page, D it died, W it warned, L a soft
// lockup.
inline constexpr std::int64_t taint_bad_page = 1 << 5;
inline constexpr std::int64_t taint_died = 1 << 7;
inline constexpr std::int64_t taint_warned = 1 << 9;
inline constexpr std::int64_t taint_soft_lockup = 1 << 14;
inline constexpr std::int64_t unwell_taint =
    taint_bad_page | taint_died | taint_warned | taint_soft_lockup;

}  // namespace nsbench
