#include "probes/sandbox/testing/call_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>

namespace nsbench::testing {

namespace {

std::uint32_t number_of(Method method) {
  constexpr std::array<std::uint32_t, 4> numbers{SYS_clone, SYS_clone3, SYS_unshare, SYS_setns};
  return numbers.at(static_cast<std::size_t>(method));
}

Status install(Method method, std::uint32_t action) {
  std::array program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(method), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, action),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error::last("prctl(NO_NEW_PRIVS)");
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return Error::last("prctl(PR_SET_SECCOMP)");
  }
  return {};
}

}  // namespace

Status refuse(Method method, int err) {
  return install(method, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(err));
}

Status forbid(Method method) { return install(method, SECCOMP_RET_KILL_PROCESS); }

}  // namespace nsbench::testing
