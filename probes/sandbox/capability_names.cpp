#include "probes/sandbox/capability_names.h"

#include <array>
#include <cstdint>

#include "reports/number.h"

namespace nsbench {

namespace {

// capabilities(7), in the order of their numbers.
constexpr std::array names{"CAP_CHOWN",
                           "CAP_DAC_OVERRIDE",
                           "CAP_DAC_READ_SEARCH",
                           "CAP_FOWNER",
                           "CAP_FSETID",
                           "CAP_KILL",
                           "CAP_SETGID",
                           "CAP_SETUID",
                           "CAP_SETPCAP",
                           "CAP_LINUX_IMMUTABLE",
                           "CAP_NET_BIND_SERVICE",
                           "CAP_NET_BROADCAST",
                           "CAP_NET_ADMIN",
                           "CAP_NET_RAW",
                           "CAP_IPC_LOCK",
                           "CAP_IPC_OWNER",
                           "CAP_SYS_MODULE",
                           "CAP_SYS_RAWIO",
                           "CAP_SYS_CHROOT",
                           "CAP_SYS_PTRACE",
                           "CAP_SYS_PACCT",
                           "CAP_SYS_ADMIN",
                           "CAP_SYS_BOOT",
                           "CAP_SYS_NICE",
                           "CAP_SYS_RESOURCE",
                           "CAP_SYS_TIME",
                           "CAP_SYS_TTY_CONFIG",
                           "CAP_MKNOD",
                           "CAP_LEASE",
                           "CAP_AUDIT_WRITE",
                           "CAP_AUDIT_CONTROL",
                           "CAP_SETFCAP",
                           "CAP_MAC_OVERRIDE",
                           "CAP_MAC_ADMIN",
                           "CAP_SYSLOG",
                           "CAP_WAKE_ALARM",
                           "CAP_BLOCK_SUSPEND",
                           "CAP_AUDIT_READ",
                           "CAP_PERFMON",
                           "CAP_BPF",
                           "CAP_CHECKPOINT_RESTORE"};

}  // namespace

std::string capability_name(int capability) {
  const auto place = static_cast<std::size_t>(capability);
  return place < names.size() ? names.at(place) : std::to_string(capability);
}

std::optional<CapabilitySet> parse_capabilities(std::string_view mask) {
  const std::optional<std::uint64_t> bits = take_number<std::uint64_t>(mask, 16);
  if (!bits || !mask.empty()) return std::nullopt;
  return CapabilitySet::of_bits(*bits);
}

}  // namespace nsbench
