#include "suites/selftest/call_trap.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "suites/selftest/registers.h"

namespace nsbench::selftest {

namespace {

// Where the low 32 bits of the first argument are on a little-endian machine.
constexpr std::uint32_t first_arg = offsetof(seccomp_data, args);

std::vector<sock_filter> program_for(std::span<const long> calls) {
  const auto load = [](std::uint32_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
  };
  const auto answer = [](std::uint32_t action) {
    return sock_filter BPF_STMT(BPF_RET | BPF_K, action);
  };
  // Skips `over` instructions unless the loaded word is `value`.
  const auto unless = [](std::uint32_t value, std::uint8_t over) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, over);
  };
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)),
                                   unless(seccomp_architecture(), 1),
                                   load(offsetof(seccomp_data, nr))};
  // Another architecture's call goes on with its architecture loaded, which is no call's number.
  for (const long call : calls) {
    program.push_back(unless(static_cast<std::uint32_t>(call), 1));
    program.push_back(answer(SECCOMP_RET_TRACE));
  }
  program.push_back(unless(SYS_prctl, 3));
  program.push_back(load(first_arg));
  program.push_back(unless(PR_SET_NAME, 1));
  program.push_back(answer(SECCOMP_RET_TRACE));
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace

Status trap_calls(std::span<const long> calls) {
  std::vector<sock_filter> program = program_for(calls);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0) return {};
  if (errno != EACCES) return Error::last("prctl(PR_SET_SECCOMP)");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Error::last("prctl(PR_SET_NO_NEW_PRIVS)");
  }
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return Error::last("prctl(PR_SET_SECCOMP)");
  }
  return {};
}

}  // namespace nsbench::selftest
