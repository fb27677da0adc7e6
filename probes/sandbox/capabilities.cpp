#include "probes/sandbox/capabilities.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace nsbench {

namespace {

constexpr int words = 2;  // of 32 capabilities each

}  // namespace

// PR_CAPBSET_READ answers EINVAL for the first one that the kernel does not know.
Status limit_bounding_set(CapabilitySet kept) {
  for (int one = 0; one < words * 32; ++one) {
    const int had = ::prctl(PR_CAPBSET_READ, one, 0, 0, 0);
    if (had < 0) return {};
    if (had == 0 || kept.has(one)) continue;
    if (::prctl(PR_CAPBSET_DROP, one, 0, 0, 0) != 0) {
      const bool refused = errno == EPERM || errno == ENOSYS;
      return refused ? Status() : Status(Error::last("prctl(PR_CAPBSET_DROP)"));
    }
  }
  return {};
}

Status keep_capabilities(CapabilitySet kept) {
  if (Status s = limit_bounding_set(kept); !s) return s;
  // What leaves the permitted set leaves the ambient one too; so does, with this, what stays.
  static_cast<void>(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, words> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return Error::last("capget");
  for (std::size_t word = 0; word < words; ++word) {
    const auto mask = static_cast<std::uint32_t>(kept.bits() >> (32 * word));
    data.at(word).effective &= mask;
    data.at(word).permitted &= mask;
    data.at(word).inheritable &= mask;
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) return Error::last("capset");
  return {};
}

Status allow_no_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
  return Error::last("prctl(PR_SET_NO_NEW_PRIVS)");
}

}  // namespace nsbench
