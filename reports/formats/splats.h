// What formats say of a kernel that was not well.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench::splats {

// What names it where every result has a name.
inline constexpr std::string_view family = "kernel";
inline constexpr std::string_view probe = "is_well";
inline constexpr std::string_view name = "kernel/is_well";

// Whether that result is there: something was seen, or nsbench booted the kernel and looked.
bool is_told(const KernelInfo& kernel);
enum class Outcome : unsigned char { Well, Known, Unwell };
// Known: the policy allows all that was seen.
Outcome outcome_of(const KernelInfo& kernel, const Ruling& judged);

// "KASAN: bad memory access, while net/veth:clone:root ran"
std::string title(const Splat& splat);
// Its excerpt's first lines, printable; with a line that says how many are left out.
std::vector<std::string> lines(const Splat& splat, std::size_t most);
// All splats, each with its title and its lines, for formats that have one text for it; at most
// `limit` bytes.
std::string all(const std::vector<Splat>& splats, std::size_t limit);

}  // namespace nsbench::splats
