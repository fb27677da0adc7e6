// The four verdicts, and the closed list of reasons for which a check may be left out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsbench {

enum class VerdictKind : std::uint8_t { Pass, Fail, Skip, Broken };

// Why a case was not run. Closed: anything that is in the way and is not here is Fail or Broken, so
// that a broken kernel can't hide behind a skip.
enum class SkipReason : std::uint8_t {
  NoPrivilege,        // the case needs CAP_SYS_ADMIN and this process has none
  UserNamespacesOff,  // a sysctl (or a limit of 0) forbids user namespaces here
  KernelTooOld,       // the call or the rule is newer than this kernel
  NoNamespace,        // the kernel was built without this namespace
  NoFeature,          // the kernel was built without something else the case needs
  NoModule,           // a device type is a module that is not loaded
  Limit,              // a max_*_namespaces limit or another quota is used up
  Policy,             // an LSM, a seccomp filter or a container's masked /proc refuses
};

struct SkipReasonName {
  SkipReason reason;
  std::string_view id;     // stands in reports; a promise
  std::string_view title;  // for people
};
inline constexpr std::array skip_reasons{
    SkipReasonName{SkipReason::NoPrivilege, "no-privilege", "needs root (CAP_SYS_ADMIN)"},
    SkipReasonName{SkipReason::UserNamespacesOff, "userns-off", "user namespaces are switched off"},
    SkipReasonName{SkipReason::KernelTooOld, "kernel-too-old", "newer than this kernel"},
    SkipReasonName{SkipReason::NoNamespace, "no-namespace", "the kernel lacks this namespace"},
    SkipReasonName{SkipReason::NoFeature, "no-feature", "the kernel lacks a feature it needs"},
    SkipReasonName{SkipReason::NoModule, "no-module", "a kernel module is not loaded"},
    SkipReasonName{SkipReason::Limit, "limit", "a namespace limit is used up"},
    SkipReasonName{SkipReason::Policy, "policy", "refused by an LSM, seccomp or a masked /proc"},
};

std::string_view id(SkipReason reason);
std::string_view title(SkipReason reason);
std::optional<SkipReason> parse_skip_reason(std::string_view id);

// "pass", "fail", "skip", "broken"
std::string_view id(VerdictKind kind);
std::optional<VerdictKind> parse_verdict(std::string_view id);

}  // namespace nsbench
