#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "suites/doctor/desk.h"

namespace nsbench::doctor {

std::string module_in(const std::string& text) {
  for (const std::string_view before : {"modprobe ", "module ", "/proc/filesystems has no "}) {
    std::size_t end = text.find(before);
    if (end == std::string::npos) continue;
    const std::size_t start = end += before.size();
    const auto in_name = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    };
    while (end < text.size() && in_name(text[end])) ++end;
    return text.substr(start, end - start);
  }
  return "";
}

namespace {

// The kernel option behind each kind (init/Kconfig).
constexpr std::string_view option_of(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "CONFIG_USER_NS";
    case Kind::Pid:
      return "CONFIG_PID_NS";
    case Kind::Uts:
      return "CONFIG_UTS_NS";
    case Kind::Ipc:
      return "CONFIG_IPC_NS, with CONFIG_SYSVIPC or CONFIG_POSIX_MQUEUE";
    case Kind::Net:
      return "CONFIG_NET_NS";
    case Kind::Cgroup:
      return "CONFIG_CGROUPS";
    case Kind::Time:
      return "CONFIG_TIME_NS";
    case Kind::Mnt:
      break;
  }
  return "CONFIG_NAMESPACES";
}

// A kernel that is older than the kind can't be built with it.
std::string advice_on_kind(const KindRow& kind, const Support& support) {
  if (support.release < KernelRelease::parse(kind.first_kernel)) {
    return fmt::format("can't be lifted here: needs Linux {} or newer", kind.first_kernel);
  }
  return fmt::format("can't be lifted here: needs a kernel built with {}", option_of(kind.kind));
}

void look_for_kinds(const Evidence& seen, Desk& desk) {
  if (!seen.support.proc) return;
  for (const KindRow& kind : all_kinds) {
    if (seen.support.present.has(kind.kind)) continue;
    desk.add({.id = fmt::format("no-{}-namespace", kind.name),
              .what = fmt::format("this kernel has no {} namespaces", kind.name),
              .evidence = fmt::format("no /proc/self/ns/{}", kind.name),
              .lift = "",
              .advice = advice_on_kind(kind, seen.support)},
             [&kind](const Lost& lost) {
               if (lost.reason != SkipReason::NoNamespace) return false;
               return mentions(lost, fmt::format("has no {}", kind.name)) ||
                      mentions(lost, fmt::format(",{}", kind.name));
             });
  }
}

Finding missing_module(const Evidence& seen, const Desk& desk, const Lost& first,
                       const std::string& name) {
  Finding finding{.id = name.empty() ? "module" : "module-" + name,
                  .what = name.empty() ? "a kernel module is not loaded"
                                       : fmt::format("the kernel module {} is not loaded", name),
                  .evidence = first.text,
                  .lift = name.empty() ? "" : desk.as_root("modprobe " + name),
                  .advice = "nsbench loads no module itself: that would change the host"};
  const auto on_disk = seen.module_on_disk.find(name);
  if (on_disk != seen.module_on_disk.end() && !on_disk->second) {
    finding.lift = "";
    finding.advice =
        fmt::format("can't be lifted here: /lib/modules/{} has no such module; {}", seen.release,
                    desk.in_container() ? "load it on the host" : "a kernel with it is needed");
  }
  return finding;
}

void look_for_modules(const Evidence& seen, Desk& desk) {
  std::map<std::string, Lost> first_of;
  for (const Lost& lost : desk.open()) {
    if (lost.reason == SkipReason::NoModule) first_of.emplace(module_in(lost.text), lost);
  }
  for (const auto& [name, first] : first_of) {
    desk.add(missing_module(seen, desk, first, name), [&name = name](const Lost& lost) {
      return lost.reason == SkipReason::NoModule && module_in(lost.text) == name;
    });
  }
}

void look_for_cgroups(const Evidence& seen, Desk& desk) {
  const auto of_cgroups = [](const Lost& lost) {
    return lost.family() == "cgroup" || mentions(lost, "cgroup");
  };
  if (!seen.cgroup2) {
    desk.add_if_costly({.id = "no-cgroup2",
                        .what = "no cgroup2 filesystem is mounted",
                        .evidence = "/proc/self/mountinfo has none",
                        .lift = desk.as_root("mount -t cgroup2 none /sys/fs/cgroup"),
                        .advice = "where cgroup v1 is in use: at another, empty directory"},
                       of_cgroups);
  }
  desk.add_if_costly(
      {.id = "no-nsdelegate",
       .what = "cgroup2 is mounted without nsdelegate: no namespace's root is a boundary",
       .evidence = "/proc/self/mountinfo has no such option",
       .lift = desk.as_root("mount -o remount,nsdelegate /sys/fs/cgroup"),
       .advice = "it counts for the whole machine, and only in the initial cgroup namespace"},
      [](const Lost& lost) { return mentions(lost, "without nsdelegate"); });
  if (seen.cgroup_trouble.empty()) return;
  const bool unprivileged = !seen.support.sys_admin;
  desk.add_if_costly(
      {.id = "cgroup-not-delegated",
       .what = "no cgroup can be made below our own",
       .evidence = seen.cgroup_trouble,
       .lift = unprivileged ? "systemd-run --user --scope -p Delegate=yes nsbench"
                            : desk.as_root("mount -o remount,rw /sys/fs/cgroup"),
       .advice = desk.in_container() ? "docker run --privileged, or --cgroupns=private with a "
                                       "writable /sys/fs/cgroup"
                                     : ""},
      of_cgroups);
}

void look_for_masks(const Evidence& seen, Desk& desk) {
  std::string evidence;
  for (const std::string& mask : seen.masked) evidence += (evidence.empty() ? "" : ", ") + mask;
  Finding finding{.id = "masked",
                  .what = "parts of /proc or /sys are covered or read-only",
                  .evidence = evidence,
                  .lift = "",
                  .advice = "can't be lifted from inside: what started this covers them"};
  if (desk.in_container()) {
    finding.lift = "docker run --security-opt systempaths=unconfined ... nsbench";
    finding.advice = "podman: --security-opt unmask=ALL; read-only /proc/sys: --privileged";
  }
  const auto by_it = [](const Lost& lost) {
    return lost.reason == SkipReason::Policy &&
           (mentions(lost, "mask") || mentions(lost, "read-only"));
  };
  if (finding.evidence.empty()) {
    const auto& open = desk.open();
    const auto first = std::find_if(open.begin(), open.end(), by_it);
    if (first != open.end()) finding.evidence = first->text;
  }
  desk.add_if_costly(std::move(finding), by_it);
}

// What is left, one finding for each text.
std::string_view advice_on(SkipReason reason) {
  switch (reason) {
    case SkipReason::KernelTooOld:
      return "can't be lifted here: needs a newer kernel";
    case SkipReason::NoFeature:
      return "can't be lifted here: needs a kernel, or a system, that has it";
    case SkipReason::Limit:
      return "raise the limit, or end what uses it up";
    default:
      return "";
  }
}

void look_for_age(const Evidence& seen, Desk& desk) {
  std::set<std::string> texts;
  for (const Lost& lost : desk.open()) {
    if (lost.reason == SkipReason::KernelTooOld) texts.insert(lost.text);
  }
  if (texts.empty()) return;
  desk.add({.id = "kernel-too-old",
            .what = fmt::format("Linux {} lacks what some checks are about", seen.release),
            .evidence = fmt::format("{}", fmt::join(texts, "; ")),
            .lift = "",
            .advice = std::string(advice_on(SkipReason::KernelTooOld))},
           [](const Lost& lost) { return lost.reason == SkipReason::KernelTooOld; });
}

void look_for_rest(Desk& desk) {
  while (!desk.open().empty()) {
    const Lost first = desk.open().front();
    desk.add({.id = fmt::format("{}", id(first.reason)),
              .what = std::string(title(first.reason)),
              .evidence = first.text,
              .lift = "",
              .advice = std::string(advice_on(first.reason))},
             [&first](const Lost& lost) {
               return lost.reason == first.reason && lost.text == first.text;
             });
  }
}

}  // namespace

void look_for_features(const Evidence& seen, Desk& desk) {
  look_for_kinds(seen, desk);
  look_for_modules(seen, desk);
  look_for_masks(seen, desk);
  look_for_age(seen, desk);
  look_for_cgroups(seen, desk);
  look_for_rest(desk);
}

}  // namespace nsbench::doctor
