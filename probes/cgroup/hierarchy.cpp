#include "probes/cgroup/hierarchy.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::own_cgroup {

namespace {

constexpr std::string_view unified_head = "0::";

std::vector<MountInfo> own_mounts() {
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  return text ? parse_mountinfo(*text) : std::vector<MountInfo>();
}

std::string head_of(const CgroupLine& line) {
  return line.hierarchy + ':' + line.controllers + ':';
}

// "pids" of "8:pids:"
std::string controllers(const std::string& line_head) {
  const std::size_t first = line_head.find(':');
  if (first == std::string::npos || line_head.size() < first + 2) return "";
  return line_head.substr(first + 1, line_head.size() - first - 2);
}

bool is_of(const MountInfo& mount, const std::string& line_head) {
  if (line_head == unified_head) return mount.type == "cgroup2";
  const std::string own = controllers(line_head);
  const std::string first = own.substr(0, own.find(','));
  return mount.type == "cgroup" && has_word(mount.super_options, first);
}

}  // namespace

std::string directory(Version version) {
  return scratch_dir() +
         std::string(version == Version::Unified ? OwnCgroup::unified_link : OwnCgroup::v1_link);
}

bool is_there(Scene& scene, Version version) {
  if (::access((directory(version) + "/cgroup.procs").c_str(), F_OK) == 0) return true;
  scene.skip(SkipReason::NoFeature, version == Version::Unified
                                        ? "no cgroup2 that may be changed is mounted here"
                                        : "no version 1 hierarchy that may be changed is mounted");
  return false;
}

std::string line_head(Version version) {
  if (version == Version::Unified) return std::string(unified_head);
  const Result<std::string> target = read_link(directory(version));
  const Result<std::string> members = read_small_file("/proc/self/cgroup");
  if (!target || !members) return "(none)";
  for (const MountInfo& mount : own_mounts()) {
    if (!target->starts_with(mount.point + "/")) continue;
    for (const CgroupLine& line : parse_cgroup(*members)) {
      std::string head = head_of(line);
      if (!line.unified() && is_of(mount, head)) return head;
    }
  }
  return "(none)";
}

std::string path_of(std::string_view process, const std::string& line_head) {
  const Result<std::string> text = read_small_file("/proc/" + std::string(process) + "/cgroup");
  if (!text) return errno_name(text.error().err);
  for (const CgroupLine& line : parse_cgroup(*text)) {
    if (head_of(line) == line_head) return line.path;
  }
  return "(none)";
}

std::string mount_option(const std::string& line_head) {
  const std::string own = controllers(line_head);
  return own.starts_with("name=") ? "none," + own : own;
}

std::string mount_root(const std::string& line_head, const std::string& point) {
  for (const MountInfo& mount : own_mounts()) {
    if (is_of(mount, line_head) && (point.empty() || mount.point == point)) return mount.root;
  }
  return "(none)";
}

std::string unified_options() {
  for (const MountInfo& mount : own_mounts()) {
    if (mount.type == "cgroup2") return mount.super_options;
  }
  return "";
}

int move_to(const std::string& directory) {
  return write_small_file(directory + "/cgroup.procs", "0").error().err;
}

}  // namespace nsbench::own_cgroup
