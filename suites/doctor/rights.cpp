#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "suites/doctor/desk.h"

namespace nsbench::doctor {

namespace {

void look_for_proc(const Evidence& seen, Desk& desk) {
  if (seen.support.proc) return;
  desk.add_free({.id = "no-proc",
                 .what = "no /proc is mounted: neither maps can be written nor namespaces compared",
                 .evidence = "/proc/self/status can't be read",
                 .lift = desk.as_root("mount -t proc proc /proc"),
                 .advice = "in a mount namespace of its own: unshare -m"});
}

void look_for_root(const Evidence& seen, Desk& desk) {
  if (seen.support.sys_admin) return;
  desk.add({.id = "not-root",
            .what = "this process has no CAP_SYS_ADMIN: root's half of the checks is left out",
            .evidence = fmt::format("effective uid {}, CapEff {} in /proc/self/status",
                                    seen.environment.uid, seen.environment.capabilities),
            .lift = desk.in_container() ? "docker run --privileged ... nsbench" : "sudo nsbench",
            .advice = ""},
           [](const Lost& lost) {
             return lost.privilege == Privilege::Root && lost.reason == SkipReason::NoPrivilege;
           });
}

// user.max_user_namespaces and its kind belong to a user namespace; its root may set them, within
// what the ancestors allow (namespaces(7)).
std::string advice_on_limit(const Evidence& seen) {
  return seen.environment.initial_user_namespace
             ? ""
             : "this is not the initial user namespace: the limits of those around it count too";
}

Finding userns_switched_off(const Evidence& seen, const Desk& desk) {
  const bool limit = seen.support.userns_switch.find("max_user") != std::string::npos;
  return {.id = "userns-sysctl",
          .what = "user namespaces are switched off by a sysctl",
          .evidence = fmt::format("{}; {}", seen.support.userns_switch, seen.userns->str()),
          .lift = desk.as_root(limit ? "sysctl -w user.max_user_namespaces=15000"
                                     : "sysctl -w kernel.unprivileged_userns_clone=1"),
          .advice = advice_on_limit(seen)};
}

std::optional<Finding> why_no_userns(const Evidence& seen, const Desk& desk) {
  const Error& refused = *seen.userns;
  if (!seen.support.userns_switch.empty()) return userns_switched_off(seen, desk);
  if (refused.err == ENOSPC || refused.err == EUSERS) {
    return Finding{.id = "userns-limit",
                   .what = "the limit of user namespaces is used up",
                   .evidence = refused.str(),
                   .lift = desk.as_root("sysctl -w user.max_user_namespaces=15000"),
                   .advice = advice_on_limit(seen)};
  }
  if (!seen.support.userns_lsm.empty()) {
    return Finding{
        .id = "userns-lsm",
        .what = "AppArmor lets unprivileged processes make user namespaces, but not use them",
        .evidence = fmt::format("{}; {}", seen.support.userns_lsm, refused.str()),
        .lift = desk.as_root("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        .advice = "or a profile with `userns,` for nsbench"};
  }
  if (seen.support.seccomp_filter || seen.support.chrooted) return std::nullopt;  // said elsewhere
  if (seen.support.ids_unmapped) {
    return Finding{
        .id = "ids-unmapped",
        .what = "the own ids are not mapped in this user namespace: it can make no other",
        .evidence = fmt::format("uid {} is not in /proc/self/uid_map; {}", seen.environment.uid,
                                refused.str()),
        .lift = "unshare --user --map-root-user nsbench",
        .advice = "started from outside this user namespace"};
  }
  return Finding{.id = "userns-refused",
                 .what = "user namespaces are refused, and no switch that does it was found",
                 .evidence = refused.str(),
                 .lift = "",
                 .advice =
                     "look for a security module's rule, in `dmesg` for instance; if there is "
                     "none, the kernel is at fault, and nsbench says so"};
}

void look_for_userns(const Evidence& seen, Desk& desk) {
  if (!seen.userns) return;
  const std::optional<Finding> why = why_no_userns(seen, desk);
  if (!why) return;
  desk.add(*why, [](const Lost& lost) {
    if (lost.reason == SkipReason::UserNamespacesOff || mentions(lost, "_userns")) return true;
    const bool refusal = lost.reason == SkipReason::Limit || lost.reason == SkipReason::Policy ||
                         lost.reason == SkipReason::NoPrivilege;
    return refusal && lost.privilege == Privilege::Userns && mentions(lost, "CLONE_NEWUSER");
  });
}

std::string listed(const std::vector<Refused>& all) {
  std::string text;
  for (const Refused& one : all) text += fmt::format("; {}", one.error.str());
  return text;
}

void look_for_seccomp(const Evidence& seen, Desk& desk) {
  if (!seen.support.seccomp_filter) return;
  Finding finding{.id = "seccomp",
                  .what = "a seccomp filter refuses calls that make or join namespaces",
                  .evidence = "Seccomp: 2 in /proc/self/status" + listed(seen.ways),
                  .lift = "",
                  .advice =
                      "a filter can't be taken off; start nsbench outside of what set it "
                      "(systemd: SystemCallFilter=, RestrictNamespaces=)"};
  if (desk.in_container()) {
    finding.lift = "docker run --security-opt seccomp=unconfined --cap-add SYS_ADMIN ... nsbench";
    finding.advice = "podman takes the same options";
  }
  desk.add_if_costly(std::move(finding), [&seen](const Lost& lost) {
    if (lost.reason != SkipReason::Policy) return false;
    return mentions(lost, "seccomp") || (seen.userns && mentions(lost, "CLONE_NEWUSER"));
  });
}

void look_for_chroot(const Evidence& seen, Desk& desk) {
  if (!seen.support.chrooted) return;
  desk.add({.id = "chroot",
            .what = "this is a chroot: user namespaces are refused here, and so is pivot_root",
            .evidence = "/proc/self/mountinfo has no mount at /",
            .lift = "unshare --mount sh -c 'mount --rbind \"$ROOT\" \"$ROOT\" && cd \"$ROOT\" && "
                    "pivot_root . . && umount -l . && exec nsbench'",
            .advice = "as root outside the chroot, with the chroot's directory as ROOT"},
           [](const Lost& lost) { return mentions(lost, "in a chroot"); });
}

std::string value_of_limit(const Evidence& seen, std::string_view sysctl) {
  const auto limit = seen.environment.limits.find(std::string(sysctl));
  return limit == seen.environment.limits.end() ? "unknown" : fmt::format("{}", limit->second);
}

void look_for_limits(const Evidence& seen, Desk& desk) {
  for (const Refused& refused : seen.kinds) {
    if (refused.error.err != ENOSPC) continue;
    const auto* const kind =
        std::find_if(all_kinds.begin(), all_kinds.end(),
                     [&refused](const KindRow& row) { return row.name == refused.what; });
    if (kind == all_kinds.end()) continue;
    const std::string sysctl = fmt::format("user.{}", kind->limit);
    const std::string value = value_of_limit(seen, sysctl);
    desk.add(
        {.id = fmt::format("{}-limit", kind->name),
         .what = value == "0" ? fmt::format("{} namespaces are switched off", kind->name)
                              : fmt::format("the limit of {} namespaces is used up", kind->name),
         .evidence = fmt::format("{} is {}; {}", sysctl, value, refused.error.str()),
         .lift = desk.as_root(fmt::format("sysctl -w {}=15000", sysctl)),
         .advice = advice_on_limit(seen)},
        [&kind](const Lost& lost) {
          return lost.reason == SkipReason::Limit && mentions(lost, kind->flag_name);
        });
  }
}

// "this process has no CAP_NET_ADMIN": a capability that a case said it lacked.
std::optional<std::string> capability_in(const std::string& text) {
  const std::size_t start = text.find("CAP_");
  if (start == std::string::npos) return std::nullopt;
  constexpr std::string_view of_names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  return text.substr(start, text.find_first_not_of(of_names, start) - start);
}

Finding missing_capability(const Evidence& seen, const Desk& desk, const std::string& name) {
  Finding finding{
      .id = "no-" + name,
      .what = fmt::format("this process has no {}", name),
      .evidence = fmt::format("CapEff {} in /proc/self/status", seen.environment.capabilities),
      .lift = "",
      .advice =
          "can't be lifted from inside: it has to be given by what started this "
          "(systemd: CapabilityBoundingSet=; sudo; setpriv)"};
  if (desk.in_container()) {
    finding.lift = fmt::format("docker run --cap-add {} ... nsbench", name.substr(4));
    finding.advice = "podman takes the same option";
  }
  return finding;
}

void look_for_capabilities(const Evidence& seen, Desk& desk) {
  std::set<std::string> names;
  for (const Lost& lost : desk.open()) {
    const std::optional<std::string> name = capability_in(lost.text);
    if (name && lost.reason == SkipReason::NoPrivilege) names.insert(*name);
  }
  for (const std::string& name : names) {
    desk.add_if_costly(missing_capability(seen, desk, name), [&name](const Lost& lost) {
      return lost.reason == SkipReason::NoPrivilege && capability_in(lost.text) == name;
    });
  }
  if (!seen.support.sys_admin) return;
  std::string_view rest = seen.environment.missing_capabilities;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    const std::string name(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (!names.contains(name)) desk.add_free(missing_capability(seen, desk, name));
  }
}

}  // namespace

void look_for_rights(const Evidence& seen, Desk& desk) {
  look_for_proc(seen, desk);
  look_for_root(seen, desk);
  look_for_userns(seen, desk);
  look_for_seccomp(seen, desk);
  look_for_chroot(seen, desk);
  look_for_limits(seen, desk);
  look_for_capabilities(seen, desk);
}

}  // namespace nsbench::doctor
