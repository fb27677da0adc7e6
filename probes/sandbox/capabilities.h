// Which capabilities a process keeps (capabilities(7)): nothing here has more than it needs.
#pragma once

#include <linux/capability.h>

#include <cstdint>
#include <initializer_list>

#include "reports/result.h"

namespace nsbench {

class CapabilitySet {
 public:
  constexpr CapabilitySet() = default;
  constexpr CapabilitySet(std::initializer_list<int> capabilities) {
    for (const int one : capabilities) bits_ |= bit(one);
  }
  // Those that this kernel has and we have no name for, too.
  static constexpr CapabilitySet all() { return CapabilitySet(~std::uint64_t{0}); }
  static constexpr CapabilitySet of_bits(std::uint64_t bits) { return CapabilitySet(bits); }

  [[nodiscard]] constexpr bool has(int capability) const { return (bits_ & bit(capability)) != 0; }
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  friend constexpr CapabilitySet operator-(CapabilitySet a, CapabilitySet b) {
    return CapabilitySet(a.bits_ & ~b.bits_);
  }
  friend constexpr CapabilitySet operator|(CapabilitySet a, CapabilitySet b) {
    return CapabilitySet(a.bits_ | b.bits_);
  }
  friend constexpr bool operator==(CapabilitySet, CapabilitySet) = default;

 private:
  explicit constexpr CapabilitySet(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(int capability) {
    return std::uint64_t{1} << static_cast<unsigned>(capability);
  }
  std::uint64_t bits_ = 0;
};

// Of nsbench while it makes arenas, and so the most that anything in them can have of the host's.
// Without what no check and no benchmark asks for. CAP_SYS_MODULE and CAP_SYSLOG are what
// user/host_calls shows to be root's alone; other arenas do not get them.
inline constexpr CapabilitySet harness_capabilities =
    CapabilitySet::all() - CapabilitySet{CAP_LINUX_IMMUTABLE, CAP_NET_BROADCAST,  CAP_SYS_RAWIO,
                                         CAP_SYS_PACCT,       CAP_SYS_TTY_CONFIG, CAP_LEASE,
                                         CAP_AUDIT_WRITE,     CAP_AUDIT_CONTROL,  CAP_MAC_OVERRIDE,
                                         CAP_MAC_ADMIN,       CAP_WAKE_ALARM,     CAP_BLOCK_SUSPEND,
                                         CAP_AUDIT_READ,      CAP_PERFMON,        CAP_BPF};

// Of an arena. Probes of the user family are about capabilities, and have the harness's.
inline constexpr CapabilitySet arena_capabilities =
    harness_capabilities - CapabilitySet{CAP_SYS_MODULE, CAP_SYSLOG};

// Of what reads and writes files, and nothing else: whatever is a report's, a policy's or a
// history's.
inline constexpr CapabilitySet file_capabilities{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                                                 CAP_FOWNER, CAP_FSETID};

// The calling process and its children never have others than `kept` again, but inside a user
// namespace of their own: the rest leaves the permitted, effective, inheritable, ambient and, with
// CAP_SETPCAP, the bounding set. What it did not have it does not get.
Status keep_capabilities(CapabilitySet kept);

// The bounding set alone: no program that is executed from now on gives others than `kept`. For a
// process that still needs what it has. Without CAP_SETPCAP nothing is changed.
Status limit_bounding_set(CapabilitySet kept);

// No program that this process or a child executes from now on gives it a right that it does not
// have: set-user-id bits and file capabilities count for nothing (PR_SET_NO_NEW_PRIVS(2const)).
Status allow_no_new_privileges();

}  // namespace nsbench
