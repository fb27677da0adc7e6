// What printk puts in front of what it prints (CONFIG_PRINTK_TIME, printk.time=1).
#pragma once

#include <cstddef>
#include <string_view>

namespace nsbench {

// The length of "[   12.345678]" at the start of `text`, 0 if it is not there.
std::size_t printk_time_length(std::string_view text);

// Where the kernel broke into a line that another was writing: the next place at `from` or behind
// it where such a time begins. npos if there is none.
std::size_t find_printk_time(std::string_view line, std::size_t from);

}  // namespace nsbench
