// The eight kinds of namespace, and sets of them. The one table that knows their constants.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench {

// In the order in which setns must join them one by one: user first, for the rights it gives; mnt
// last, since it replaces the root directory and with it the view of /proc.
enum class Kind : std::uint8_t { User, Pid, Uts, Ipc, Net, Cgroup, Time, Mnt };

// Source: namespaces(7), clone(2), time_namespaces(7), include/uapi/linux/sched.h.
struct KindRow {
  Kind kind;
  std::string_view name;  // as in /proc/PID/ns
  std::uint64_t flag;     // CLONE_NEW*; also what NS_GET_NSTYPE answers
  std::string_view flag_name;
  std::string_view first_kernel;
  std::string_view limit;  // the sysctl below /proc/sys/user
};
inline constexpr std::array all_kinds{
    KindRow{Kind::User, "user", 0x10000000, "CLONE_NEWUSER", "3.8", "max_user_namespaces"},
    KindRow{Kind::Pid, "pid", 0x20000000, "CLONE_NEWPID", "2.6.24", "max_pid_namespaces"},
    KindRow{Kind::Uts, "uts", 0x04000000, "CLONE_NEWUTS", "2.6.19", "max_uts_namespaces"},
    KindRow{Kind::Ipc, "ipc", 0x08000000, "CLONE_NEWIPC", "2.6.19", "max_ipc_namespaces"},
    KindRow{Kind::Net, "net", 0x40000000, "CLONE_NEWNET", "2.6.24", "max_net_namespaces"},
    KindRow{Kind::Cgroup, "cgroup", 0x02000000, "CLONE_NEWCGROUP", "4.6", "max_cgroup_namespaces"},
    KindRow{Kind::Time, "time", 0x00000080, "CLONE_NEWTIME", "5.6", "max_time_namespaces"},
    KindRow{Kind::Mnt, "mnt", 0x00020000, "CLONE_NEWNS", "2.4.19", "max_mnt_namespaces"},
};

constexpr const KindRow& row(Kind kind) { return all_kinds[static_cast<std::size_t>(kind)]; }

class NamespaceSet {
 public:
  constexpr NamespaceSet() = default;
  constexpr NamespaceSet(std::initializer_list<Kind> kinds) {
    for (Kind kind : kinds) bits_ |= bit(kind);
  }
  static constexpr NamespaceSet all() {
    NamespaceSet set;
    for (const KindRow& r : all_kinds) set.bits_ |= bit(r.kind);
    return set;
  }

  [[nodiscard]] constexpr bool has(Kind kind) const { return (bits_ & bit(kind)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr int size() const { return std::popcount(bits_); }
  [[nodiscard]] constexpr NamespaceSet operator|(NamespaceSet other) const {
    return from_bits(bits_ | other.bits_);
  }
  [[nodiscard]] constexpr NamespaceSet operator-(NamespaceSet other) const {
    return from_bits(bits_ & ~other.bits_);
  }
  [[nodiscard]] constexpr NamespaceSet operator&(NamespaceSet other) const {
    return from_bits(bits_ & other.bits_);
  }
  friend constexpr bool operator==(NamespaceSet, NamespaceSet) = default;

  // The kinds in the set, in the order of all_kinds.
  [[nodiscard]] std::vector<Kind> kinds() const;
  [[nodiscard]] std::vector<std::string> names() const;
  // The CLONE_NEW* flags, or'ed.
  [[nodiscard]] std::uint64_t flags() const;
  // "CLONE_NEWPID|CLONE_NEWNET", "0"
  [[nodiscard]] std::string flag_names() const;
  // "pid,net", "none", "all"
  [[nodiscard]] std::string str() const;
  // Reads what str() writes.
  static Result<NamespaceSet> parse(std::string_view text);

 private:
  static constexpr unsigned bit(Kind kind) { return 1U << static_cast<unsigned>(kind); }
  static constexpr NamespaceSet from_bits(unsigned bits) {
    NamespaceSet set;
    set.bits_ = bits;
    return set;
  }
  unsigned bits_ = 0;
};

}  // namespace nsbench
