#include "probes/sandbox/fd.h"

#include <sys/syscall.h>

#include <algorithm>

namespace nsbench {

namespace {

// Since 5.9; older kernels, and seccomp filters older than the call, refuse it.
bool close_range(unsigned first, unsigned last) {
  return first > last || ::syscall(SYS_close_range, first, last, 0U) == 0;
}

void close_one_by_one(int kept) {
  constexpr long most = 65536;  // a limit of millions is no reason to try them all
  const int end = static_cast<int>(std::clamp(::sysconf(_SC_OPEN_MAX), 1024L, most));
  for (int fd = 3; fd < end; ++fd) {
    if (fd != kept) ::close(fd);
  }
}

}  // namespace

void close_all_but(int kept) {
  constexpr unsigned first = 3;
  constexpr unsigned last = ~0U;
  const auto middle = static_cast<unsigned>(kept);
  const bool closed = kept < 3 ? close_range(first, last)
                               : close_range(first, middle - 1) && close_range(middle + 1, last);
  if (!closed) close_one_by_one(kept);
}

}  // namespace nsbench
