#include "reports/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace nsbench {

std::string errno_name(int err) {
  const char* name = strerrorname_np(err);
  return name != nullptr ? name : fmt::format("errno {}", err);
}

int errno_value(std::string_view name) {
  constexpr int last_errno = 133;  // EHWPOISON, the highest of asm-generic/errno.h
  for (int err = 1; err <= last_errno; ++err) {
    const char* known = strerrorname_np(err);
    if (known != nullptr && name == known) return err;
  }
  return 0;
}

std::string Error::str() const {
  return err == 0 ? step : fmt::format("{}: {}", step, errno_name(err));
}

Error Error::last(std::string step) { return {std::move(step), errno}; }

}  // namespace nsbench
