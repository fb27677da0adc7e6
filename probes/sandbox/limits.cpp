#include "probes/sandbox/limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>

namespace nsbench {

namespace {

// A run holds some dozens of descriptors at a time, and up to a quarter of a gigabyte.
constexpr rlim_t many_descriptors = 256;
constexpr rlim_t much_memory = rlim_t{4} << 30U;

std::string if_below(decltype(RLIMIT_AS) resource, const char* name, rlim_t enough) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= enough) return "";
  return fmt::format("{} is {}", name, limit.rlim_cur);
}

}  // namespace

std::string low_limit_behind(int err, const Support& support) {
  switch (err) {
    case EMFILE:
      return if_below(RLIMIT_NOFILE, "RLIMIT_NOFILE", many_descriptors);
    case ENOMEM:
      if (std::string low = if_below(RLIMIT_AS, "RLIMIT_AS", much_memory); !low.empty()) return low;
      return if_below(RLIMIT_DATA, "RLIMIT_DATA", much_memory);
    case EAGAIN:
      return support.process_limit;
    default:
      return "";
  }
}

}  // namespace nsbench
