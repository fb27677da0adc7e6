#include "suites/observe/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "probes/sandbox/capability_names.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::observe {
namespace {

bool writable(const MountInfo& mount) {
  return has_word(mount.options, "rw") && has_word(mount.super_options, "rw");
}

bool same_tree(const MountInfo& a, const MountInfo& b) {
  return a.device == b.device && a.root == b.root;
}

// The last one that was mounted there is the one that is seen.
const MountInfo* mount_at(const std::vector<MountInfo>& mounts, std::string_view point) {
  const auto found = std::find_if(mounts.rbegin(), mounts.rend(),
                                  [point](const MountInfo& mount) { return mount.point == point; });
  return found == mounts.rend() ? nullptr : &*found;
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path != "/";
  return path.starts_with(directory) && path.substr(directory.size()).starts_with("/");
}

bool is_covered(const MountInfo& mount, const std::vector<MountInfo>& mounts) {
  return std::any_of(mounts.begin(), mounts.end(), [&mount](const MountInfo& other) {
    if (&other == &mount) return false;
    return (other.parent == mount.id && other.point == mount.point) ||
           (other.parent == mount.parent && is_below(mount.point, other.point));
  });
}

// Whether a path leads to it: no other mount lies on it or on a directory above it.
bool is_reached(const MountInfo& mount, const std::vector<MountInfo>& mounts) {
  const MountInfo* at = &mount;
  // No chain of parents is longer than there are mounts, whatever the kernel says.
  for (std::size_t steps = 0; steps <= mounts.size(); ++steps) {
    if (is_covered(*at, mounts)) return false;
    const auto parent = std::find_if(mounts.begin(), mounts.end(),
                                     [at](const MountInfo& one) { return one.id == at->parent; });
    // One that lies on its parent's own place covers it, and is what is reached there.
    if (parent == mounts.end() || parent->point == at->point) return true;
    at = &*parent;
  }
  return false;
}

// Devices that give nothing away, which every container has from outside.
bool is_harmless_device(const MountInfo& mount) {
  constexpr std::array<std::string_view, 7> devices{"/null",    "/zero", "/full",   "/random",
                                                    "/urandom", "/tty",  "/console"};
  return mount.type == "devtmpfs" &&
         std::find(devices.begin(), devices.end(), mount.root) != devices.end();
}

// What engines make for each container and mount into it: the outside's, but for nobody else.
bool is_of_engine(const MountInfo& mount) {
  constexpr std::array<std::string_view, 4> points{"/etc/resolv.conf", "/etc/hosts",
                                                   "/etc/hostname", "/run/.containerenv"};
  return std::find(points.begin(), points.end(), mount.point) != points.end() &&
         mount.root.ends_with(mount.point.substr(mount.point.rfind('/')));
}

// File systems of which each mount shows what its namespaces let it, or what no file is behind.
bool is_virtual(const MountInfo& mount) {
  constexpr std::array<std::string_view, 6> types{"proc",    "sysfs",  "cgroup",
                                                  "cgroup2", "mqueue", "nsfs"};
  return std::find(types.begin(), types.end(), mount.type) != types.end();
}

bool is_socket_of_engine(const MountInfo& mount) {
  constexpr std::array<std::string_view, 5> names{"docker.sock", "containerd.sock", "podman.sock",
                                                  "crio.sock", "dockershim.sock"};
  return std::any_of(names.begin(), names.end(), [&mount](std::string_view name) {
    return mount.point.ends_with(name) || mount.root.ends_with(name);
  });
}

// The mount that a path lies on: the last one whose point is nearest above it.
const MountInfo* mount_of(std::string_view path, const std::vector<MountInfo>& mounts) {
  const MountInfo* nearest = nullptr;
  for (const MountInfo& mount : mounts) {
    if (mount.point != path && !is_below(path, mount.point)) continue;
    if (nearest == nullptr || mount.point.size() >= nearest->point.size()) nearest = &mount;
  }
  return nearest;
}

bool is_mounted_in(const std::vector<MountInfo>& mounts, const MountInfo& mount) {
  return std::any_of(mounts.begin(), mounts.end(), [&mount](const MountInfo& other) {
    return other.device == mount.device && other.type == mount.type;
  });
}

std::string engine_socket(std::string_view path) {
  return fmt::format("{} is a container engine's socket: who may write to it is root outside",
                     path);
}

// Whoever may connect to a socket may do so on a read-only mount, too.
void add_sockets(const Looked& looked, std::vector<std::string>& ways) {
  const Observation& seen = looked.inside.at("sockets");
  if (seen.find("found") == nullptr) return;
  const std::string found = seen.text_of("found");
  for (const std::string_view path : split_lines(found)) {
    const MountInfo* const mount = mount_of(path, looked.target.mounts);
    if (mount == nullptr || !is_mounted_in(looked.against.mounts, *mount)) continue;
    ways.push_back(engine_socket(path));
  }
}

// File systems that show what they are mounted in, and not who reads them.
void add_mounts_of_outside(std::string_view type, std::string_view what, const Looked& looked,
                           std::vector<std::string>& ways) {
  for (const MountInfo& mount : looked.target.mounts) {
    // /proc itself is told of by who looked at it from inside.
    if (mount.type != type || mount.point == "/proc") continue;
    if (!is_reached(mount, looked.target.mounts)) continue;
    // A part of it, as engines bind to mask it, does not list.
    if (mount.root == "/" && is_mounted_in(looked.against.mounts, mount)) {
      ways.push_back(fmt::format("{} is the outside's {}", mount.point, what));
    }
  }
}

std::vector<std::string> ways_out_of_mnt(const Looked& looked) {
  const ProcessState& target = looked.target;
  const ProcessState& against = looked.against;
  std::vector<std::string> ways;
  const MountInfo* const root = mount_at(target.mounts, "/");
  const MountInfo* const other_root = mount_at(against.mounts, "/");
  for (const MountInfo& mount : target.mounts) {
    if (!is_reached(mount, target.mounts)) continue;
    const bool outside =
        std::any_of(against.mounts.begin(), against.mounts.end(),
                    [&mount](const MountInfo& other) { return other.device == mount.device; });
    const bool own_root =
        &mount == root && (other_root == nullptr || !same_tree(mount, *other_root));
    if (outside && writable(mount) && !own_root && !is_virtual(mount) &&
        !is_harmless_device(mount) && !is_of_engine(mount)) {
      ways.push_back(fmt::format("{} is {} of the outside's {}, and writable", mount.point,
                                 mount.root == "/" ? "the whole" : mount.root, mount.type));
    }
    if (is_socket_of_engine(mount)) {
      ways.push_back(engine_socket(mount.point));
    }
    const bool propagates =
        std::any_of(against.mounts.begin(), against.mounts.end(), [&mount](const MountInfo& other) {
          return !mount.peers.empty() &&
                 (other.peers == mount.peers || other.master == mount.peers);
        });
    if (propagates) {
      ways.push_back(
          fmt::format("mounts below {} are seen outside (shared propagation)", mount.point));
    }
  }
  add_sockets(looked, ways);
  for (const StrayDirectory& stray : target.strays) {
    ways.push_back(fmt::format("its descriptor {} is a directory outside of its mounts: {}",
                               stray.fd, stray.path));
  }
  // Mounts that lie on each other say the same.
  std::vector<std::string> once;
  for (std::string& way : ways) {
    if (std::find(once.begin(), once.end(), way) == once.end()) once.push_back(std::move(way));
  }
  return once;
}

std::vector<std::string> ways_out_of_pid(const Looked& looked) {
  std::vector<std::string> ways;
  const Observation& seen = looked.inside.at("pid/proc_view");
  const std::string self = seen.text_of("self");
  const bool has_proc = !self.empty() && self.find_first_not_of("0123456789") == std::string::npos;
  if (has_proc && self != std::to_string(seen.number_of("getpid"))) {
    ways.push_back(fmt::format("its /proc is of another pid namespace, and lists {} processes",
                               seen.number_of("processes")));
  }
  add_mounts_of_outside("proc", "/proc, and lists its processes", looked, ways);
  return ways;
}

std::vector<std::string> ways_out_of_user(const ProcessState& target) {
  std::vector<std::string> ways;
  for (const IdExtent& extent : target.uid_map) {
    if (extent.outside == 0) {
      ways.push_back(fmt::format("user {} inside is root outside", extent.inside));
    }
  }
  return ways;
}

std::string path_of_unified(const std::vector<CgroupLine>& lines) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [](const CgroupLine& line) { return line.unified(); });
  return found == lines.end() ? "" : found->path;
}

std::vector<std::string> ways_out_of_cgroup(const Looked& looked) {
  std::vector<std::string> ways;
  const Observation& seen = looked.inside.at("cgroup");
  for (const CgroupLine& line :
       parse_cgroup(seen.find("own") != nullptr ? seen.text_of("own") : std::string())) {
    if (!line.path.starts_with("/..")) continue;
    ways.push_back(fmt::format("it is not below its namespace's root, but in {}", line.path));
  }
  // Roots of mounts are as the caller's cgroup namespace shows them, and so is the process's path.
  const std::string own = path_of_unified(looked.target.cgroups);
  for (const MountInfo& mount : looked.target.mounts) {
    if (mount.type != "cgroup2" || !writable(mount) || own.empty()) continue;
    const bool above =
        own != mount.root && (mount.root == "/" || own.starts_with(mount.root + "/"));
    if (above) {
      ways.push_back(fmt::format("the cgroups above its own are writable at {}", mount.point));
    }
  }
  return ways;
}

std::vector<std::string> ways_out(Kind kind, const Looked& looked) {
  switch (kind) {
    case Kind::Mnt:
      return ways_out_of_mnt(looked);
    case Kind::Pid:
      return ways_out_of_pid(looked);
    case Kind::User:
      return ways_out_of_user(looked.target);
    case Kind::Cgroup:
      return ways_out_of_cgroup(looked);
    case Kind::Ipc: {
      std::vector<std::string> ways;
      add_mounts_of_outside("mqueue", "message queues", looked, ways);
      return ways;
    }
    default:
      return {};
  }
}

// Whether this file of the process could not be read.
bool is_untold(const ProcessState& process, std::string_view file) {
  return std::any_of(process.untold.begin(), process.untold.end(), [file](const std::string& text) {
    return text.find(fmt::format("/{}:", file)) != std::string::npos;
  });
}

// Whether all was looked at that could lead out of it.
bool is_searched(Kind kind, const Looked& looked) {
  const bool mounts = !looked.target.mounts.empty() && !looked.against.mounts.empty();
  switch (kind) {
    case Kind::Mnt:
      return mounts && !is_untold(looked.target, "fd") &&
             looked.inside.at("sockets").find("found") != nullptr;
    case Kind::Pid:
      return mounts && looked.inside.at("pid/proc_view").find("getpid") != nullptr;
    case Kind::Ipc:
      return mounts;
    case Kind::User:
      return !is_untold(looked.target, "uid_map");
    case Kind::Cgroup:
      return mounts && looked.inside.at("cgroup").find("own") != nullptr;
    default:
      return true;
  }
}

std::optional<Kind> kind_of(std::string_view probe) {
  for (const KindRow& kind : all_kinds) {
    if (probe.starts_with(kind.name) && probe.substr(kind.name.size()).starts_with("/")) {
      return kind.kind;
    }
  }
  return std::nullopt;
}

// Facts of how it was looked, and numbers that are other ones at each look.
bool is_passing(std::string_view fact) {
  constexpr std::array<std::string_view, 4> names{"getpid", "self", "last pid", "ns_last_pid"};
  return std::find(names.begin(), names.end(), fact) != names.end();
}

// With single blanks, since files of /proc align their columns.
std::string one_line(std::string_view text) {
  std::string line;
  for (const std::string_view part : split_lines(text)) {
    line += line.empty() ? "" : ", ";
    bool first = true;
    for (const std::string_view word : split_words(part)) {
      line += (std::exchange(first, false) ? "" : " ") + std::string(word);
    }
  }
  return line;
}

std::string text_of(const Fact& fact) {
  const std::string text = one_line(fact.str());
  return text.empty() ? "none" : text;
}

std::string ids_text(const std::vector<IdExtent>& map) {
  std::string text;
  for (const IdExtent& one : map) {
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", one.inside, one.outside, one.count);
  }
  return text.empty() ? "none" : text;
}

void add_sights(const Looked& looked, std::vector<Sight>& sights) {
  for (const Entry& entry : looked.inside.entries()) {
    const std::optional<Kind> kind = kind_of(entry.act);
    if (!kind) continue;
    const Observation& other = looked.outside.at(entry.act);
    for (const Fact& fact : entry.seen.facts()) {
      const Fact* const same = other.find(fact.name);
      if (is_passing(fact.name) || (fact.kind == Fact::Kind::Errno && fact.number == 0)) continue;
      Sight sight{.kind = *kind,
                  .what = fact.name,
                  .inside = text_of(fact),
                  .outside = same != nullptr ? text_of(*same) : "-"};
      // Another call that gives the same answer.
      const bool again = std::any_of(sights.begin(), sights.end(), [&](const Sight& other) {
        return other.kind == sight.kind && other.inside == sight.inside &&
               other.outside == sight.outside && fact.kind == Fact::Kind::Text;
      });
      if (!again) sights.push_back(std::move(sight));
    }
  }
  const auto both = [&](Kind kind, std::string what, std::string inside, std::string outside) {
    sights.push_back({kind, std::move(what), std::move(inside), std::move(outside)});
  };
  const ProcessState& in = looked.target;
  const ProcessState& out = looked.against;
  both(Kind::User, "uid_map", ids_text(in.uid_map), ids_text(out.uid_map));
  both(Kind::User, "gid_map", ids_text(in.gid_map), ids_text(out.gid_map));
  const Observation& cgroup = looked.inside.at("cgroup");
  const std::string own = cgroup.find("own") != nullptr ? cgroup.text_of("own") : "";
  if (!own.empty()) {
    both(Kind::Cgroup, "own cgroup", path_of_unified(parse_cgroup(own)),
         path_of_unified(in.cgroups));
  }
  if (!in.clock_offsets.empty() || !out.clock_offsets.empty()) {
    both(Kind::Time, "clock offsets", one_line(in.clock_offsets), one_line(out.clock_offsets));
  }
  std::stable_sort(sights.begin(), sights.end(),
                   [](const Sight& a, const Sight& b) { return a.kind < b.kind; });
}

// What leads out where no user namespace stands between.
constexpr CapabilitySet strong{CAP_DAC_READ_SEARCH, CAP_NET_ADMIN,  CAP_SYS_MODULE,
                               CAP_SYS_RAWIO,       CAP_SYS_PTRACE, CAP_SYS_ADMIN,
                               CAP_MKNOD,           CAP_MAC_ADMIN,  CAP_BPF};

bool has_strong(std::string_view mask) {
  const std::optional<CapabilitySet> set = parse_capabilities(mask);
  return set && (set->bits() & strong.bits()) != 0;
}

std::string seccomp_text(const ProcessState& target) {
  const std::string mode = target.field("Seccomp");
  const std::string filters = target.field("Seccomp_filters");
  if (mode == "0") return "off";
  if (mode == "1") return "strict";
  if (mode == "2") return filters.empty() ? "filtered" : fmt::format("{} filters", filters);
  return mode.empty() ? "not told" : mode;
}

// Of a kind: the process's own; not, if it is not told.
struct Own {
  bool own = false;
  bool shared = false;
};

std::vector<StateFact> facts_of(const Looked& looked, Own user, Own pid) {
  const bool own_user = user.own;
  const ProcessState& target = looked.target;
  const std::string status = fmt::format("/proc/{}/status", target.pid);
  std::vector<StateFact> facts;
  const auto capabilities = [&](const char* name, const char* field) {
    const std::string mask = target.field(field);
    facts.push_back({.name = name,
                     .value = capability_names(mask, looked.last_capability) +
                              (user.own      ? ", in its user namespace"
                               : user.shared ? ""
                                             : ", in a user namespace that is not told"),
                     .source = status + ", " + field,
                     .weak = !own_user && has_strong(mask)});
  };
  capabilities("effective capabilities", "CapEff");
  capabilities("bounding set", "CapBnd");
  const std::string no_new = target.field("NoNewPrivs");
  facts.push_back({.name = "no_new_privs",
                   .value = no_new == "1"   ? "set"
                            : no_new == "0" ? "not set"
                                            : "not told",
                   .source = status + ", NoNewPrivs",
                   .weak = no_new == "0"});
  const std::string seccomp = seccomp_text(target);
  facts.push_back({.name = "seccomp",
                   .value = seccomp,
                   .source = status + ", Seccomp",
                   .weak = seccomp == "off"});
  facts.push_back({.name = "LSM label",
                   .value = target.label.empty() ? "none" : target.label,
                   .source = fmt::format("/proc/{}/attr/current", target.pid),
                   .weak = target.label.empty() || target.label == "unconfined"});
  facts.push_back({.name = "user ids",
                   .value = one_line(target.field("Uid")),
                   .source = status + ", Uid (real, effective, saved, of files; as seen outside)",
                   .weak = !own_user && target.field("Uid").starts_with("0")});
  for (const std::string_view point : {"/proc", "/sys"}) {
    const MountInfo* const top = mount_at(target.mounts, point);
    if (top == nullptr || !writable(*top)) continue;
    const MountInfo& mount = *top;
    if (mount.type != "proc" && mount.type != "sysfs") continue;
    const std::string below = mount.point + "/";
    const bool masked = std::any_of(
        target.mounts.begin(), target.mounts.end(),
        [&below](const MountInfo& one) { return one.point.starts_with(below) && !writable(one); });
    if (mount.type == "sysfs" || !masked) {
      facts.push_back(
          {.name = mount.type,
           .value = mount.type == "proc" ? "writable, and nothing in it is masked" : "writable",
           .source = fmt::format("/proc/{}/mountinfo, {}", target.pid, mount.point),
           .weak = !own_user});
    }
  }
  const bool may_trace = has_strong(target.field("CapEff"));
  std::string reach = pid.own      ? "the processes of its pid namespace"
                      : pid.shared ? "every process outside that it may"
                                   : "not told: its pid namespace may not be looked at";
  if (!looked.ptrace_scope.empty()) {
    reach += fmt::format("; kernel.yama.ptrace_scope is {}", looked.ptrace_scope);
  }
  facts.push_back({.name = "can ptrace",
                   .value = reach,
                   .source = "pid and user namespaces, ptrace(2)",
                   .weak = !pid.own && may_trace});
  return facts;
}

}  // namespace

NamespaceSet Inspection::open(NamespaceSet expected) const {
  NamespaceSet open;
  for (const Part& part : parts) {
    if (expected.has(part.kind) && !part.isolated()) open = open | NamespaceSet{part.kind};
  }
  return open;
}

Inspection inspect(const Looked& looked) {
  Inspection all{.pid = looked.target.pid,
                 .command = looked.target.command,
                 .against = looked.against.pid,
                 .against_command = looked.against.command};
  for (const KindRow& kind : all_kinds) {
    Part part{.kind = kind.kind,
              .id = looked.target.id(kind.kind),
              .other = looked.against.id(kind.kind)};
    const bool refused = is_untold(looked.target, fmt::format("ns/{}", kind.name));
    // A kernel without the kind: the process has none, and neither has the other.
    if (!part.id && !part.other && !refused) continue;
    if (part.own()) {
      part.reaches = ways_out(kind.kind, looked);
      part.searched = is_searched(kind.kind, looked);
    }
    all.parts.push_back(std::move(part));
  }
  const auto own = [&all](Kind kind) {
    for (const Part& part : all.parts) {
      if (part.kind == kind) return Own{.own = part.own(), .shared = part.shared()};
    }
    return Own{.own = false, .shared = true};  // a kernel without the kind
  };
  add_sights(looked, all.sights);
  all.facts = facts_of(looked, own(Kind::User), own(Kind::Pid));
  all.untold = looked.target.untold;
  all.untold.insert(all.untold.end(), looked.against.untold.begin(), looked.against.untold.end());
  return all;
}

int exit_code_of(const Inspection& inspection, NamespaceSet expected) {
  bool told = true;
  bool any = false;
  for (const Part& part : inspection.parts) {
    any = any || part.told();
    if (!expected.has(part.kind)) continue;
    if (part.told() && !part.isolated()) return 1;
    told = told && part.told();
  }
  return told && any ? 0 : 3;
}

}  // namespace nsbench::observe
