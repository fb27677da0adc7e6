#include "probes/sandbox/id_map.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"

namespace nsbench {

namespace {

using CapabilityData = std::array<__user_cap_data_struct, 2>;

Result<CapabilityData> capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilityData data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return Error::last("capget");
  return data;
}

// Which a process with uid 0 needs to map itself into a user namespace that it makes (since 5.12;
// kernel/user_namespace.c verify_root_map()) and which gives nothing else here.
constexpr CapabilitySet to_map_root{CAP_SETFCAP};

// glibc's setresuid would signal other threads; there are none.
Status become_nobody() {
  constexpr uid_t nobody = 65534;
  if (::setgroups(0, nullptr) != 0) return Error::last("setgroups(none)");
  if (::setresgid(nobody, nobody, nobody) != 0) return Error::last("setresgid(65534)");
  if (::setresuid(nobody, nobody, nobody) != 0) return Error::last("setresuid(65534)");
  return {};
}

}  // namespace

OuterIds OuterIds::current() { return {.uid = ::geteuid(), .gid = ::getegid()}; }

uid_t inside_id(uid_t outside) { return outside == 0 ? 1000 : 0; }

Status write_own_maps(const OuterIds& outer, uid_t uid_inside, gid_t gid_inside) {
  if (Status s = write_small_file("/proc/self/setgroups", "deny"); !s) return s;
  if (Status s =
          write_small_file("/proc/self/gid_map", fmt::format("{} {} 1", gid_inside, outer.gid));
      !s) {
    return s;
  }
  return write_small_file("/proc/self/uid_map", fmt::format("{} {} 1", uid_inside, outer.uid));
}

Status drop_privilege() {
  if (Status s = limit_bounding_set(to_map_root); !s) return s;
  // The ids stay where 65534 is not in the map of this user namespace; and where the parent has no
  // CAP_KILL, since it could not end a process of another user, not even by its own death.
  if (has_capability(CAP_KILL)) static_cast<void>(become_nobody());
  // In any case: securebits may let capabilities outlive a change of ids.
  if (Status s = keep_capabilities(to_map_root); !s) return s;
  if (::prctl(PR_SET_DUMPABLE, 1) != 0) return Error::last("prctl(PR_SET_DUMPABLE)");
  stay_tied_to_parent();
  return {};
}

bool has_capability(int capability) {
  const Result<CapabilityData> data = capabilities();
  const auto number = static_cast<unsigned>(capability);
  return data.ok() && ((*data)[number / 32].effective & (1U << (number % 32))) != 0;
}

}  // namespace nsbench
