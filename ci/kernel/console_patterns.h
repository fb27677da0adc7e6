// What a line of a kernel's console means: the words by which a kernel says that it is not well.
#pragma once

#include <string_view>

namespace nsbench::kernel {

// How a splat goes on after its first line.
enum class Extent : unsigned char {
  OneLine,  // nothing of it follows
  Trace,    // registers and a call trace follow
};

struct ConsolePattern {
  std::string_view kind;  // out of splat_kinds (reports/splat.h)
  Extent extent = Extent::Trace;
};

// The pattern that `line` matches; null for the lines of a kernel that is well. `line` has no
// printk prefix. Lines that only look bad are passed over: a bare "WARNING:", what kasan_test and
// kfence_test provoke, "NMI handler took too long". Common lines cost a search for a few bytes.
const ConsolePattern* pattern_of(std::string_view line);

// "------------[ cut here ]------------": the line after it says what is wrong.
bool is_cut_here(std::string_view line);
// "---[ end trace 0000000000000000 ]---", "---[ end Kernel panic - not syncing: .. ]---"
bool is_end_of_trace(std::string_view line);
// The lines that open and close a report of KASAN, KFENCE, KCSAN or UBSAN: "=====".
bool is_ruler(std::string_view line);
bool is_panic(std::string_view line);
// "reboot: Power down", "reboot: System halted", "reboot: Restarting system".
bool is_shutdown(std::string_view line);

}  // namespace nsbench::kernel
