// What works here, and whether a refusal is the environment's doing (Skip) or the kernel's (Fail).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "reports/case_id.h"
#include "reports/result.h"
#include "reports/verdict.h"

namespace nsbench {

struct Skip {
  SkipReason reason = SkipReason::NoPrivilege;
  std::string text;  // what stood in the way, for people
};

// A system call that a seccomp filter answers in the kernel's place.
struct FilteredCall {
  std::string name;  // "unshare"
  int err = 0;       // the answer; 0: it ends the process that makes the call (SIGSYS)
};

// A kernel release as far as rules depend on it.
struct KernelRelease {
  int major = 0;
  int minor = 0;
  static KernelRelease running();  // of uname(2)
  static KernelRelease parse(std::string_view release);
  friend auto operator<=>(const KernelRelease&, const KernelRelease&) = default;
};

// The evidence, gathered once, without changing anything.
struct Support {
  bool sys_admin = false;       // CAP_SYS_ADMIN in the own user namespace
  bool no_sys_chroot = false;   // no CAP_SYS_CHROOT there, which setns(mnt) needs too
  bool no_setfcap = false;      // uid 0 without CAP_SETFCAP, which mapping that uid needs (5.12)
  bool ids_unmapped = false;    // the own uid or gid is not mapped in the own user namespace
  NamespaceSet present;         // kinds with a file in /proc/self/ns
  bool proc = false;            // a /proc is mounted
  bool seccomp_filter = false;  // a seccomp filter is on this process
  bool chrooted = false;        // the root directory is not a mount's root
  std::string userns_switch;    // the sysctl that forbids user namespaces; empty: none does
  std::string userns_lsm;       // the LSM switch that restricts them; empty: none does
  NamespaceSet low_limits;      // kinds whose user.max_*_namespaces may well be used up
  bool limits_hidden = false;   // there are ancestor user namespaces, whose limits can't be seen
  std::string process_limit;    // RLIMIT_NPROC or a pids.max that is nearly used up; else empty
  KernelRelease release;
  // What a seccomp filter does not let through, found by trying.
  std::vector<FilteredCall> filtered;

  static Support look();

  // Before anything is tried: a kind the kernel lacks, a privilege the process lacks.
  [[nodiscard]] std::optional<Skip> missing(NamespaceSet kinds, Privilege privilege) const;

  // A refusal that was met. A reason is given only where there is evidence for it; without, the
  // refusal is the kernel's own, and nothing is returned. Only the errno and the evidence are
  // judged, never an effect. `userns`: the step made or needed a user namespace.
  [[nodiscard]] std::optional<Skip> explain(const Error& refusal, bool userns) const;
};

// Whether `error` is a refusal by clone, clone3, unshare or setns, not trouble of our own making.
bool is_namespace_call(const Error& error);

}  // namespace nsbench
