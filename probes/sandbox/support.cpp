#include "probes/sandbox/support.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/filtered_calls.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/limits.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench {

namespace {

// Switches that forbid user namespaces to the unprivileged, and the value that does.
struct Switch {
  const char* path;
  std::string_view forbids;
};
constexpr std::array sysctl_switches{
    Switch{"/proc/sys/user/max_user_namespaces", "0"},
    Switch{"/proc/sys/kernel/unprivileged_userns_clone", "0"},  // Debian's and Ubuntu's patch
};
constexpr std::array lsm_switches{
    Switch{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"},
};

template <std::size_t N>
std::string switched_off_by(const std::array<Switch, N>& switches) {
  for (const Switch& s : switches) {
    const Result<std::string> value = read_small_file(s.path);
    if (value && trimmed(*value) == s.forbids) return fmt::format("{} is {}", s.path, s.forbids);
  }
  return "";
}

// The mount that "/" is; 0 if it can't be told (before 5.8).
std::uint64_t mount_of_root() {
  struct statx info {};
  if (::statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &info) != 0) return 0;
  return (info.stx_mask & STATX_MNT_ID) != 0 ? info.stx_mnt_id : 0;
}

// A root directory that is the root of a mount may be any mount's. Joining the own mount namespace
// leads to that one's root (setns(2)): a child that may, looks. False if none may.
bool root_is_another_mount() {
  if (!has_capability(CAP_SYS_ADMIN) || !has_capability(CAP_SYS_CHROOT)) return false;
  const pid_t pid = ::fork();
  if (pid < 0) return false;
  if (pid == 0) {
    ::prctl(PR_SET_DUMPABLE, 0);  // a filter that kills leaves no core
    const std::uint64_t here = mount_of_root();
    const Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    const bool joined = own.valid() && calls::setns(own.get(), CLONE_NEWNS) == 0;
    ::_exit(joined && here != 0 && here != mount_of_root() ? 1 : 0);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool root_is_a_mount() {
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  if (!text) return true;
  const std::vector<MountInfo> mounts = parse_mountinfo(*text);
  return std::any_of(mounts.begin(), mounts.end(),
                     [](const MountInfo& mount) { return mount.point == "/"; });
}

// Whether the id is one of the inside's in this map; true if it can't be read, or holds something
// else: what is no evidence excuses nothing.
bool is_mapped_in(const char* map_file, std::int64_t id) {
  const Result<std::string> text = read_small_file(map_file);
  const auto map = text ? parse_id_map(*text) : text.error();
  return !map || is_mapped(*map, id);
}

// A limit with less left than this may be what refused: a run makes some dozens of namespaces and
// processes at a time.
constexpr std::int64_t plenty = 256;

// The number in a file of /proc or a cgroup; nothing where there is none, or it says "max".
std::optional<std::int64_t> number_in(const std::string& path) {
  const Result<std::string> text = read_small_file(path);
  return text ? parse_number<std::int64_t>(*text) : std::nullopt;
}

NamespaceSet kinds_with_low_limits() {
  NamespaceSet low;
  for (const KindRow& r : all_kinds) {
    const auto limit = number_in(fmt::format("/proc/sys/user/{}", r.limit));
    if (limit && *limit < plenty) low = low | NamespaceSet{r.kind};
  }
  return low;
}

bool has_ancestors() {
  const Result<std::string> text = read_small_file("/proc/self/uid_map");
  const auto map = text ? parse_id_map(*text) : text.error();
  return map && !map->empty() && !maps_all_to_themselves(*map);
}

// Where this process's cgroup of the pids controller is, in either version's usual place; with a
// slash at the end.
std::string pids_cgroup() {
  const Result<std::string> cgroups = read_small_file("/proc/self/cgroup");
  if (!cgroups) return "";
  std::string place;
  for (const CgroupLine& line : parse_cgroup(*cgroups)) {
    if (line.controllers == "pids") return "/sys/fs/cgroup/pids" + line.path + "/";
    if (line.unified()) place = "/sys/fs/cgroup" + line.path + "/";
  }
  return place;
}

std::string low_process_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur < plenty) {
    return fmt::format("RLIMIT_NPROC is {}", limit.rlim_cur);
  }
  for (std::string place = pids_cgroup(); place.size() > std::string_view("/sys/fs/").size();) {
    const auto most = number_in(place + "pids.max");
    const std::int64_t now = number_in(place + "pids.current").value_or(0);
    if (most && *most >= 0 && now >= 0 && *most - now < plenty) {
      return fmt::format("{}pids.max is {}, and {} are there", place, *most, now);
    }
    place.resize(place.rfind('/', place.size() - 2) + 1);
  }
  return "";
}

// Why a call was answered with ENOSPC or EUSERS; empty: for no reason that is known.
std::string used_up(const Support& support, const Error& refusal, bool userns) {
  for (const KindRow& r : all_kinds) {
    const bool made = refusal.step.find(r.flag_name) != std::string::npos;
    if (support.low_limits.has(r.kind) && (made || (userns && r.kind == Kind::User))) {
      return fmt::format("user.{} is low", r.limit);
    }
  }
  return support.limits_hidden ? "a user.max_*_namespaces limit of an ancestor user namespace" : "";
}

NamespaceSet present_kinds() {
  NamespaceSet present;
  for (const KindRow& r : all_kinds) {
    if (::access(fmt::format("/proc/self/ns/{}", r.name).c_str(), F_OK) == 0) {
      present = present | NamespaceSet{r.kind};
    }
  }
  return present;
}

struct Evidence {
  SkipReason reason;
  std::string text;
};

// Why a call was answered with EPERM or EACCES.
std::optional<Evidence> forbidden_by(const Support& support, const Error& refusal, bool userns) {
  if (userns && !support.userns_switch.empty()) {
    return Evidence{SkipReason::UserNamespacesOff, support.userns_switch};
  }
  if (userns && !support.userns_lsm.empty()) {
    return Evidence{SkipReason::Policy, support.userns_lsm};
  }
  if (support.seccomp_filter) return Evidence{SkipReason::Policy, "a seccomp filter is active"};
  if (userns && support.chrooted) return Evidence{SkipReason::Policy, "in a chroot"};
  if (userns && support.ids_unmapped) {
    return Evidence{SkipReason::NoPrivilege, "the own ids are not mapped in this user namespace"};
  }
  if (support.no_setfcap && refusal.step.starts_with("write(/proc/self/uid_map")) {
    return Evidence{SkipReason::NoPrivilege, "this process has no CAP_SETFCAP"};
  }
  const bool joins_mnt = refusal.step.starts_with("setns(") &&
                         refusal.step.find(row(Kind::Mnt).flag_name) != std::string::npos;
  if (!userns && support.no_sys_chroot && joins_mnt) {
    return Evidence{SkipReason::NoPrivilege, "this process has no CAP_SYS_CHROOT"};
  }
  return std::nullopt;
}

bool filter_kills(const Support& support) {
  return std::any_of(support.filtered.begin(), support.filtered.end(),
                     [](const FilteredCall& call) { return call.err == 0; });
}

}  // namespace

KernelRelease KernelRelease::parse(std::string_view release) {
  const auto major = take_number<int>(release);
  if (!major || *major < 0 || !release.starts_with('.')) return {};
  release.remove_prefix(1);
  const auto minor = take_number<int>(release);
  return minor && *minor >= 0 ? KernelRelease{*major, *minor} : KernelRelease{};
}

KernelRelease KernelRelease::running() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  return parse(name.release);
}

Support Support::look() {
  Support support;
  support.sys_admin = has_capability(CAP_SYS_ADMIN);
  support.no_sys_chroot = !has_capability(CAP_SYS_CHROOT);
  support.no_setfcap = ::geteuid() == 0 && !has_capability(CAP_SETFCAP);
  support.ids_unmapped = !is_mapped_in("/proc/self/uid_map", ::geteuid()) ||
                         !is_mapped_in("/proc/self/gid_map", ::getegid());
  support.present = present_kinds();
  const Result<std::string> status = read_small_file("/proc/self/status");
  support.proc = status.ok();
  if (status) {
    const std::string mode = field_of(*status, "Seccomp");
    support.seccomp_filter = !mode.empty() && mode != "0";
  } else {
    support.seccomp_filter = ::prctl(PR_GET_SECCOMP) > 0;
  }
  support.chrooted = !root_is_a_mount() || root_is_another_mount();
  support.userns_switch = switched_off_by(sysctl_switches);
  support.userns_lsm = switched_off_by(lsm_switches);
  support.low_limits = kinds_with_low_limits();
  support.limits_hidden = has_ancestors();
  support.process_limit = low_process_limit();
  support.release = KernelRelease::running();
  if (support.seccomp_filter) support.filtered = find_filtered_calls(support.release);
  return support;
}

std::optional<Skip> Support::missing(NamespaceSet kinds, Privilege privilege) const {
  if (privilege == Privilege::Userns) kinds = kinds | NamespaceSet{Kind::User};
  const NamespaceSet absent = kinds - present;
  if (proc && !absent.empty()) {
    return Skip{SkipReason::NoNamespace,
                fmt::format("/proc/self/ns has no {} (CONFIG_NAMESPACES and its kind's option)",
                            absent.str())};
  }
  // The kernel makes no user namespace there, and who joins a mount namespace is at its root,
  // outside.
  if (chrooted) return Skip{SkipReason::Policy, "in a chroot"};
  // Not to be met by whoever makes the arena: that would be its end.
  for (const FilteredCall& call : filtered) {
    if (call.err != 0) continue;
    if (call.name == "clone" || (call.name == "clone3" && kinds.has(Kind::Time))) {
      return Skip{SkipReason::Policy,
                  fmt::format("a seccomp filter ends processes that call {}", call.name)};
    }
  }
  if (privilege == Privilege::Root && !sys_admin) {
    return Skip{SkipReason::NoPrivilege, "this process has no CAP_SYS_ADMIN"};
  }
  return std::nullopt;
}

std::optional<Skip> Support::explain(const Error& refusal, bool userns) const {
  const auto skip = [&refusal](SkipReason reason, std::string_view evidence) {
    return Skip{reason, fmt::format("{} ({})", refusal.str(), evidence)};
  };
  switch (refusal.err) {
    case EAGAIN:  // clone(2)
    case EMFILE:
    case ENOMEM:
      if (const std::string limit = low_limit_behind(refusal.err, *this); !limit.empty()) {
        return skip(SkipReason::Limit, limit);
      }
      return std::nullopt;
    case ENOENT:
      if (proc || refusal.step.find("proc") == std::string::npos) return std::nullopt;
      return skip(SkipReason::Policy, "no /proc is mounted here");
    case ECONNRESET:  // of a process that ended without a word
      if (!filter_kills(*this)) return std::nullopt;
      return skip(SkipReason::Policy, "a seccomp filter ends processes");
    case 0:
      if (refusal.step.find("SIGSYS") == std::string::npos || !filter_kills(*this)) {
        return std::nullopt;
      }
      return skip(SkipReason::Policy, "a seccomp filter ended it");
    case EINVAL:
      if (refusal.step.starts_with("setns(pidfd") && release < KernelRelease{5, 8}) {
        return skip(SkipReason::KernelTooOld, "older than 5.8");
      }
      if (chrooted && refusal.step.starts_with("mount(/")) {
        return skip(SkipReason::Policy, "in a chroot");
      }
      return std::nullopt;
    case ENOSPC:
    case EUSERS:
      if (userns && !userns_switch.empty()) {
        return skip(SkipReason::UserNamespacesOff, userns_switch);
      }
      if (const std::string limit = used_up(*this, refusal, userns); !limit.empty()) {
        return skip(SkipReason::Limit, limit);
      }
      return std::nullopt;
    case ENOSYS:
      if (seccomp_filter) return skip(SkipReason::Policy, "a seccomp filter is active");
      if (release < KernelRelease{5, 3}) return skip(SkipReason::KernelTooOld, "older than 5.3");
      return std::nullopt;
    case EPERM:
    case EACCES:
      if (const auto found = forbidden_by(*this, refusal, userns)) {
        return skip(found->reason, found->text);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_namespace_call(const Error& error) {
  constexpr std::array calls{"clone(", "clone3(", "unshare(", "setns("};
  for (const std::string_view call : calls) {
    if (error.step.starts_with(call)) return true;
  }
  return false;
}

}  // namespace nsbench
