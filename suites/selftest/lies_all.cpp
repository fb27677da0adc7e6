// Lies about calls that make every kind at once: one flag is lost among the others.
#include <linux/sched.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array clone3_call{long{SYS_clone3}};
constexpr std::array unshare_call{long{SYS_unshare}};
constexpr std::array setns_call{long{SYS_setns}};

constexpr std::uint64_t every_flag() {
  std::uint64_t flags = 0;
  for (const KindRow& kind : all_kinds) flags |= kind.flag;
  return flags;
}

// Where the flags are asked for together, and nowhere else.
template <Kind kind>
void lose(Call& call) {
  constexpr std::uint64_t flag = row(kind).flag;
  if (call.number() == SYS_clone3) {
    const std::string bytes = call.read(call.arg(0), sizeof(std::uint64_t));
    std::uint64_t flags = 0;
    if (bytes.size() != sizeof flags) return;
    std::memcpy(&flags, bytes.data(), sizeof flags);
    if ((flags & every_flag()) != every_flag()) return;
    flags &= ~flag;
    call.write(call.arg(0), {reinterpret_cast<const char*>(&flags), sizeof flags});
    return;
  }
  const int index = call.number() == SYS_setns ? 1 : 0;
  if ((call.arg(index) & every_flag()) == every_flag()) {
    call.set_arg(index, call.arg(index) & ~flag);
  }
}

template <Kind kind>
constexpr Lie lost_flag(std::string_view name, std::string_view cases,
                        std::span<const long> calls) {
  return {.name = name,
          .sentence = "one flag among all eight is lost, and the call succeeds",
          .row = "all/all_at_once",
          .cases = cases,
          .calls = calls,
          .at_entry = lose<kind>};
}

constexpr std::array lies{
    lost_flag<Kind::Pid>("clone3_of_all_loses_pid",
                         "^all/(pid_one|parent_invisible|proc_view):clone3:", clone3_call),
    lost_flag<Kind::Uts>("clone3_of_all_loses_uts", "^all/hostname:clone3:", clone3_call),
    lost_flag<Kind::Ipc>("clone3_of_all_loses_ipc", "^all/(sysv_...|mqueue):clone3:", clone3_call),
    lost_flag<Kind::Mnt>("clone3_of_all_loses_mnt",
                         "^all/(mount_view|pivot_root):clone3:", clone3_call),
    lost_flag<Kind::Net>("clone3_of_all_loses_net", "^all/interfaces:clone3:", clone3_call),
    lost_flag<Kind::Pid>("unshare_of_all_loses_pid",
                         "^all/(pid_one|parent_invisible|proc_view):unshare:", unshare_call),
    lost_flag<Kind::Uts>("unshare_of_all_loses_uts", "^all/hostname:unshare:", unshare_call),
    lost_flag<Kind::Ipc>("unshare_of_all_loses_ipc",
                         "^all/(sysv_...|mqueue):unshare:", unshare_call),
    lost_flag<Kind::Mnt>("unshare_of_all_loses_mnt",
                         "^all/(mount_view|pivot_root):unshare:", unshare_call),
    lost_flag<Kind::Net>("unshare_of_all_loses_net", "^all/interfaces:unshare:", unshare_call),
    lost_flag<Kind::Uts>("setns_of_all_loses_uts", "^all/hostname:setns.pidfd:", setns_call),
    lost_flag<Kind::Ipc>("setns_of_all_loses_ipc",
                         "^all/(sysv_...|mqueue):setns.pidfd:", setns_call),
    lost_flag<Kind::Net>("setns_of_all_loses_net", "^all/interfaces:setns.pidfd:", setns_call),
};

}  // namespace

std::span<const Lie> whole_lies() { return lies; }

}  // namespace nsbench::selftest
