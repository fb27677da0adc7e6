#include "ci/kernel/console_patterns.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace nsbench::kernel {
namespace {

// Whether `parts` stand in `text` in that order.
bool has_in_order(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    const std::size_t at = text.find(part);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + part.size());
  }
  return true;
}

// A row: every one of `parts` in that order. Empty parts are none.
struct Row {
  ConsolePattern pattern;
  std::array<std::string_view, 3> parts;
  bool at_start = false;  // the first part begins the line
};

// The more telling rows come first: "BUG: KASAN:" is a "BUG:" too.
constexpr std::array rows{
    Row{{"panic"}, {"Kernel panic - not syncing"}},
    Row{{"kasan"}, {"BUG: KASAN:"}},
    Row{{"kfence"}, {"BUG: KFENCE:"}},
    Row{{"kmsan"}, {"BUG: KMSAN:"}},
    Row{{"kcsan"}, {"BUG: KCSAN:"}},
    Row{{"ubsan"}, {"UBSAN:"}, true},
    Row{{"soft-lockup"}, {"soft lockup"}},
    Row{{"hard-lockup"}, {"detected hard LOCKUP"}},
    Row{{"scheduling"}, {"scheduling while atomic"}},
    Row{{"scheduling"}, {"BUG: sleeping function called from invalid context"}},
    Row{{"lockdep"}, {"possible circular locking"}},
    Row{{"lockdep"}, {"possible recursive locking"}},
    Row{{"lockdep"}, {"possible irq lock inversion"}},
    Row{{"lockdep"}, {"inconsistent {", "} -> {", "} usage"}},
    Row{{"lockdep"}, {"INFO: trying to register non-static key"}},
    Row{{"lockdep"}, {"still held!"}},
    Row{{"lockdep"}, {"suspicious RCU usage"}},
    Row{{"lockdep"}, {"bad unlock balance detected"}},
    Row{{"rcu-stall"}, {"INFO: ", "detected stall"}},
    Row{{"hung-task"}, {"INFO: task ", " blocked for more than ", " seconds"}},
    Row{{"refcount"}, {"refcount_t: ", "use-after-free"}},
    Row{{"refcount"}, {"refcount_t: ", "leaking memory"}},
    Row{{"refcount"}, {"refcount_t: ", "saturated"}},
    Row{{"refcount"}, {"refcount_t: ", "underflow"}},
    Row{{"leak", Extent::OneLine}, {"new suspected memory leaks"}},
    Row{{"oom"}, {"invoked oom-killer"}},
    Row{{"page-allocation"}, {"page allocation failure: order:"}},
    Row{{"sysctl", Extent::OneLine}, {"sysctl table check failed"}},
    Row{{"unregister-netdevice", Extent::OneLine},
        {"unregister_netdevice: waiting for ", " to become free"}},
    Row{{"bug"}, {"kernel BUG at "}},
    Row{{"oops"}, {"BUG: unable to handle "}},
    Row{{"oops"}, {"BUG: kernel NULL pointer dereference"}},
    Row{{"oops"}, {"Unable to handle kernel "}},
    Row{{"oops"}, {"general protection fault"}},
    Row{{"oops"}, {"Oops: "}},
    Row{{"oops"}, {"invalid opcode: "}},
    Row{{"warning"}, {"WARNING: ", " at "}, true},
    Row{{"bug"}, {"BUG: "}, true},
};

bool matches(const Row& row, std::string_view line) {
  if (row.at_start && !line.starts_with(row.parts[0])) return false;
  return has_in_order(line, {row.parts[0], row.parts[1], row.parts[2]});
}

// Words of which one stands in every line that a row matches.
constexpr std::array<std::string_view, 23> keywords{
    "BUG:",           "WARNING:",       "UBSAN:",           "Oops:",        "INFO:",
    "Kernel panic",   "kernel BUG",     "soft lockup",      "hard LOCKUP",  "circular lock",
    "recursive lock", "lock inversion", "unlock balance",   "RCU usage",    "refcount_t:",
    "oom-killer",     "allocation f",   "Unable to handle", "general prot", "invalid opcode:",
    "scheduling wh",  "table check",    "unregister_netd"};
constexpr std::array<std::string_view, 3> more_keywords{"memory leaks", "still held!",
                                                        "inconsistent {"};

// Which two bytes a keyword begins with: one look-up rejects nearly every place of a common line.
class FirstTwo {
 public:
  constexpr FirstTwo() {
    for (const std::string_view word : keywords) add(word);
    for (const std::string_view word : more_keywords) add(word);
  }
  [[nodiscard]] constexpr bool has(char a, char b) const {
    return ((bits_[place(a, b) / 64] >> (place(a, b) % 64)) & 1U) != 0;
  }

 private:
  static constexpr std::size_t place(char a, char b) {
    return static_cast<unsigned char>(a) * 256U + static_cast<unsigned char>(b);
  }
  constexpr void add(std::string_view word) {
    bits_[place(word[0], word[1]) / 64] |= std::uint64_t{1} << (place(word[0], word[1]) % 64);
  }
  std::array<std::uint64_t, 1024> bits_{};
};
constexpr FirstTwo first_two;

bool has_keyword(std::string_view line) {
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    if (!first_two.has(line[i], line[i + 1])) continue;
    const std::string_view rest = line.substr(i);
    const auto begins = [rest](std::string_view word) { return rest.starts_with(word); };
    if (std::any_of(keywords.begin(), keywords.end(), begins) ||
        std::any_of(more_keywords.begin(), more_keywords.end(), begins)) {
      return true;
    }
  }
  return false;
}

// What looks bad and is not: tests that provoke it, a slow hypervisor, a program's own fault.
bool is_ignored(std::string_view line) {
  return line.find("kasan_test") != std::string_view::npos ||
         line.find("test_kasan") != std::string_view::npos ||
         line.find("kfence_test") != std::string_view::npos || line.starts_with("traps: ") ||
         has_in_order(line, {"NMI handler ", "took too long"});
}

}  // namespace

const ConsolePattern* pattern_of(std::string_view line) {
  if (!has_keyword(line) || is_ignored(line)) return nullptr;
  const auto* const row = std::find_if(
      rows.begin(), rows.end(), [line](const Row& candidate) { return matches(candidate, line); });
  return row == rows.end() ? nullptr : &row->pattern;
}

bool is_cut_here(std::string_view line) {
  return line.find("------------[ cut here ]------------") != std::string_view::npos;
}

bool is_end_of_trace(std::string_view line) { return line.starts_with("---[ end "); }

bool is_ruler(std::string_view line) {
  constexpr std::size_t shortest = 20;
  return line.size() >= shortest && line.find_first_not_of('=') == std::string_view::npos;
}

bool is_panic(std::string_view line) { return line.starts_with("Kernel panic - not syncing"); }

bool is_shutdown(std::string_view line) {
  return line.starts_with("reboot: Power down") || line.starts_with("reboot: System halted") ||
         line.starts_with("reboot: Restarting system");
}

}  // namespace nsbench::kernel
