#include "reports/printk_time.h"

#include <algorithm>

namespace nsbench {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::size_t printk_time_length(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  std::size_t at = text.find_first_not_of(' ', 1);
  const std::size_t digits = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  constexpr std::size_t most_digits = 9;
  constexpr std::size_t decimals = 6;
  if (at == digits || at > digits + most_digits || text.size() <= at + 1 + decimals) return 0;
  if (text[at] != '.' || text[at + 1 + decimals] != ']') return 0;
  const std::string_view fraction = text.substr(at + 1, decimals);
  return std::all_of(fraction.begin(), fraction.end(), is_digit) ? at + 2 + decimals : 0;
}

std::size_t find_printk_time(std::string_view line, std::size_t from) {
  for (std::size_t at = line.find('[', from); at != std::string_view::npos;
       at = line.find('[', at + 1)) {
    if (printk_time_length(line.substr(at)) > 0) return at;
  }
  return std::string_view::npos;
}

}  // namespace nsbench
