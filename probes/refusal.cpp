#include "probes/refusal.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <sstream>
#include <string>

#include "probes/sandbox/capability_names.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/limits.h"

namespace nsbench {

namespace {

// What root can't do without a capability: which probes, and any act in whose error a call is
// named. By trying: every check as root with all but that one, and with none but CAP_SYS_ADMIN.
// Nothing else is excused by what is missing, or a kernel could forbid to such a root whatever it
// likes. Not CAP_SYS_RESOURCE, which many machines keep from root: probes do without it.
struct Needed {
  int capability;
  std::string_view probes;  // "family/name", and patterns as of fnmatch(3), a space between them
  std::string_view call = {};
  // Of cases as a user: root makes what surrounds those, too.
  Privilege privilege = Privilege::Root;
};
constexpr std::array needed{
    Needed{CAP_NET_ADMIN, "net/* all/interface*"},
    Needed{CAP_SYS_TIME, "time/*"},
    Needed{CAP_IPC_OWNER, "ipc/ipc_owner"},
    Needed{CAP_KILL, "mnt/setuid_foreign user/foreign_processes"},
    Needed{CAP_SYS_PTRACE, "user/caps_owner user/foreign_processes"},
    Needed{CAP_DAC_OVERRIDE,
           "user/caps_owner user/foreign_files user/map_opener_parent user/overlay_userns"},
    Needed{CAP_FOWNER, "user/foreign_files user/overlay_userns"},
    Needed{CAP_CHOWN,
           "mnt/idmapped_owners user/file_caps user/foreign_files user/many_extents "
           "user/overlay_userns user/sgid_unmapped"},
    Needed{CAP_SETUID,
           "net/proc_sys_effective_ids user/caps_owner user/file_caps user/foreign_processes "
           "user/many_extents user/map_opener_parent user/real_ids user/setuid_caps"},
    Needed{CAP_SETGID,
           "user/caps_owner user/file_caps user/foreign_processes user/many_extents "
           "user/real_ids user/setgroups_allowed"},
    // mntns_install() and mntns_get() ask for it.
    Needed{CAP_SYS_CHROOT, "calls/join_privilege_mnt nsfs/setns_type", "CLONE_NEWNS"},
    // Root of a new user namespace is root outside: verify_root_map() of kernel/user_namespace.c.
    Needed{CAP_SETFCAP,
           "calls/join_privilege_* calls/no_growth_* ipc/ipc_owner ipc/*lifetime mnt/device_* "
           "mnt/failed_unshare mnt/foreign_overlay mnt/foreign_propagation mnt/idmapped_privilege "
           "mnt/locked_* mnt/mount_privilege* mnt/mount_types mnt/pivot_root_rules "
           "mnt/proc_too_revealing mnt/propagation_userns mnt/statmount_foreign mnt/sysfs_too_* "
           "nsfs/keepalive_* pid/forged_pid pid/last_pid_written pid/set_tid "
           "time/offset_privilege user/file_caps user/map_view user/newuser_with_threads "
           "uts/no_privilege",
           "/proc/self/uid_map"},
    Needed{CAP_SETUID, "user/rlimit_nproc", {}, Privilege::Userns},
    Needed{CAP_SETGID, "user/rlimit_nproc", {}, Privilege::Userns},
    Needed{CAP_KILL, "user/rlimit_nproc", {}, Privilege::Userns},
    Needed{CAP_CHOWN, "cgroup/self_root", {}, Privilege::Userns},
    Needed{CAP_SETFCAP, "user/map_view", "/proc/self/uid_map", Privilege::Userns},
};

// Not seen: what came after an act that went wrong, or an answer of a process that was killed.
bool was_seen(const Statement& statement) {
  return statement.observed != "(not seen)" && statement.observed != "'(not seen)'" &&
         statement.observed != "-1" && statement.observed != "'-1'";
}

bool went_wrong(const CaseResult& result, const Statement& statement) {
  const bool leak_wanted = result.id.control && statement.kind == Statement::Kind::Isolation;
  return statement.holds == leak_wanted;
}

using Errors = std::set<int>;

// The names of errno values in a text: "act \"a\" inside: mount(tmpfs): EPERM".
void add_named(const std::string& text, Errors& errors) {
  for (std::size_t at = 0; (at = text.find('E', at)) != std::string::npos;) {
    const std::size_t end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", at);
    const std::string word = text.substr(at, end == std::string::npos ? end : end - at);
    if (const int err = errno_value(word); err != 0) errors.insert(err);
    at += std::max<std::size_t>(word.size(), 1);
  }
}

// Where /proc is masked an arena that made its own user namespace has the /proc of whoever started
// it, in which its processes have other numbers, or others have theirs. These look for processes by
// their numbers there, found as the capabilities were: by running every check so.
constexpr std::string_view look_in_proc =
    "mnt/file_caps_foreign* mnt/ns_file_loop mnt/setns_mnt mnt/statmount_foreign net/link_moves "
    "net/nsid net/proc_net net/socket_birth nsfs/id nsfs/mntns_id nsfs/parent_pid "
    "nsfs/pid_translation pid/no_ascent pid/no_signal_by_pidfd pid/set_tid time/boot_time "
    "user/ids_in_answers user/keyrings user/map_view";

bool is_one_of(const CaseResult& result, std::string_view probes) {
  const std::string name = result.id.family + '/' + result.id.name;
  std::istringstream patterns{std::string(probes)};
  for (std::string pattern; patterns >> pattern;) {
    if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
  }
  return false;
}

std::optional<Skip> by_strange_proc(const CaseResult& result, const Masks& masks) {
  if (masks.proc.empty() || result.id.privilege != Privilege::Userns) return std::nullopt;
  if (!is_one_of(result, look_in_proc)) return std::nullopt;
  return Skip{SkipReason::Policy, "no /proc of its own can be mounted here: " + masks.proc};
}

// What a container's masks answered in place of the kernel's rule.
bool is_answer_of_masks(const Statement& rule, const Masks& masks) {
  Errors errors;
  add_named(rule.observed, errors);
  return masks.proc_sys_read_only && errors.contains(EROFS);
}

// Whether a legal act went wrong, or nothing but what was not seen did. What no room was left for,
// because a limit of this process is low, is no answer to a rule; nor is what a mask answered.
bool nothing_was_arranged(const CaseResult& result, const Support& support, const Masks& masks) {
  if (result.statements.empty()) return result.verdict == VerdictKind::Broken;
  bool only_unseen = true;
  for (const Statement& one : result.statements) {
    if (!went_wrong(result, one)) continue;
    if (one.kind == Statement::Kind::Works) return true;
    if (one.kind == Statement::Kind::Rule &&
        (!low_limit_behind(one.err, support).empty() || is_answer_of_masks(one, masks))) {
      return true;
    }
    only_unseen = only_unseen && !was_seen(one);
  }
  return only_unseen;
}

bool forbidden(const Errors& errors) { return errors.contains(EPERM) || errors.contains(EACCES); }

// What legal acts that went wrong were answered with.
Errors errors_of_legal_acts(const CaseResult& result) {
  Errors errors;
  add_named(result.observed, errors);  // of the act that was in trouble, or of what decided
  for (const Statement& one : result.statements) {
    if (went_wrong(result, one) && one.kind == Statement::Kind::Works) {
      add_named(one.observed, errors);
    }
  }
  return errors;
}

Errors errors_of_all(const Transcript& seen) {
  Errors errors;
  for (const Entry& entry : seen.entries()) {
    for (const Fact& fact : entry.seen.facts()) {
      if (fact.kind == Fact::Kind::Errno && fact.number > 0) {
        errors.insert(static_cast<int>(fact.number));
      }
    }
  }
  return errors;
}

Skip filtered(const FilteredCall& call) {
  return {SkipReason::Policy,
          call.err == 0 ? fmt::format("a seccomp filter ends processes that call {}", call.name)
                        : fmt::format("a seccomp filter answers {} with {}", call.name,
                                      errno_name(call.err))};
}

// Whether an act names the call, and saw the filter's answer to it.
bool was_met(const FilteredCall& call, const CaseResult& result, const Transcript& seen) {
  if (call.err == 0) return result.observed.find("SIGSYS") != std::string::npos;
  if (result.observed.find(call.name + "(") != std::string::npos &&
      result.observed.find(errno_name(call.err)) != std::string::npos) {
    return true;
  }
  for (const Entry& entry : seen.entries()) {
    for (const Fact& fact : entry.seen.facts()) {
      const bool answered = fact.kind == Fact::Kind::Errno && fact.number == call.err;
      if (answered && fact.name.find(call.name) != std::string::npos) return true;
    }
  }
  return false;
}

std::optional<Skip> by_filter_met(const CaseResult& result, const Transcript& seen,
                                  const Support& support) {
  for (const FilteredCall& call : support.filtered) {
    if (was_met(call, result, seen)) return filtered(call);
  }
  return std::nullopt;
}

// What was seen does not name the call: all that are answered so are told.
std::optional<Skip> by_filter(const Support& support, const Errors& errors) {
  std::optional<Skip> found;
  for (const FilteredCall& call : support.filtered) {
    if (call.err != 0 && !errors.contains(call.err)) continue;
    const Skip one = filtered(call);
    if (!found) {
      found = one;
    } else {
      found->text += "; " + one.text;
    }
  }
  return found;
}

std::optional<Skip> by_limit(const Support& support, const Errors& errors) {
  if ((errors.contains(ENOSPC) || errors.contains(EUSERS)) && !support.low_limits.empty()) {
    const Kind first = support.low_limits.kinds().front();
    return Skip{SkipReason::Limit, fmt::format("user.{} is low", row(first).limit)};
  }
  for (const int err : errors) {
    const std::string limit = low_limit_behind(err, support);
    if (!limit.empty()) return Skip{SkipReason::Limit, limit};
  }
  return std::nullopt;
}

bool needs(const Needed& one, const CaseResult& result) {
  if (one.privilege != result.id.privilege) return false;
  if (!one.call.empty() && result.observed.find(one.call) != std::string::npos) return true;
  return is_one_of(result, one.probes);
}

std::optional<Skip> by_capabilities(const CaseResult& result, const Support& support) {
  if (!support.sys_admin) return std::nullopt;
  std::string missing;
  for (const Needed& one : needed) {
    if (!needs(one, result) || has_capability(one.capability)) continue;
    missing += (missing.empty() ? "" : ", ") + capability_name(one.capability);
  }
  if (missing.empty()) return std::nullopt;
  return Skip{SkipReason::NoPrivilege, "this process has no " + missing};
}

std::optional<Skip> by_masks(const CaseResult& result, const Masks& masks, const Errors& errors) {
  if (masks.proc_sys_read_only && errors.contains(EROFS)) {
    return Skip{SkipReason::Policy, "/proc/sys is read-only here"};
  }
  const bool of_sysfs = result.id.name.find("sysfs") != std::string::npos;
  if (of_sysfs && !masks.sys.empty() && errors.contains(EPERM)) {
    return Skip{SkipReason::Policy, "no sysfs of its own can be mounted here: " + masks.sys};
  }
  return std::nullopt;
}

std::optional<Skip> refused_with(const Errors& errors, const CaseResult& result,
                                 const Support& support, const Masks& masks) {
  if (auto skip = by_limit(support, errors)) return skip;
  if (auto skip = by_masks(result, masks, errors)) return skip;
  if (!support.proc && errors.contains(ENOENT)) {
    return Skip{SkipReason::Policy, "no /proc is mounted here"};
  }
  if (auto skip = by_capabilities(result, support)) return skip;
  return by_filter(support, errors);
}

}  // namespace

std::optional<Skip> refused_here(const CaseResult& result, const Transcript& seen,
                                 const Support& support, const Masks& masks) {
  if (result.verdict != VerdictKind::Fail && result.verdict != VerdictKind::Broken) return {};
  const Errors first = errors_of_legal_acts(result);
  // A control never hides a kernel's fault: what leaks there does so by design.
  std::optional<Skip> skip = by_strange_proc(result, masks);
  if (!skip && !nothing_was_arranged(result, support, masks) &&
      !(result.id.control && forbidden(first))) {
    return {};
  }
  if (!skip) skip = by_filter_met(result, seen, support);
  if (!skip) skip = refused_with(first, result, support, masks);
  if (!skip) skip = refused_with(errors_of_all(seen), result, support, masks);
  // What a check's own programs were refused is not told by an errno.
  if (!skip && !support.filtered.empty()) skip = filtered(support.filtered.front());
  if (skip) skip->text = fmt::format("{} ({})", result.observed, skip->text);
  return skip;
}

}  // namespace nsbench
