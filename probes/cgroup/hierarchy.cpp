#include "probes/cgroup/hierarchy.h"

#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/files.h"

namespace nsbench::own_cgroup {

namespace {

constexpr std::string_view unified_head = "0::";

// The fields of a mountinfo line that matter here (proc_pid_mountinfo(5)).
struct Mount {
  std::string root;
  std::string point;
  std::string type;
  std::string options;
};

Mount parsed(const std::string& line) {
  Mount mount;
  std::istringstream words(line);
  std::string id, parent, device, word, source;
  words >> id >> parent >> device >> mount.root >> mount.point;
  while (words >> word && word != "-") continue;
  words >> mount.type >> source >> mount.options;
  return mount;
}

// "pids" of "8:pids:"
std::string controllers(const std::string& line_head) {
  const std::size_t first = line_head.find(':');
  if (first == std::string::npos || line_head.size() < first + 2) return "";
  return line_head.substr(first + 1, line_head.size() - first - 2);
}

bool is_of(const Mount& mount, const std::string& line_head) {
  if (line_head == unified_head) return mount.type == "cgroup2";
  const std::string own = controllers(line_head);
  const std::string first = own.substr(0, own.find(','));
  return mount.type == "cgroup" &&
         ("," + mount.options + ",").find("," + first + ",") != std::string::npos;
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
  const Result<std::string> mounts = read_small_file("/proc/self/mountinfo");
  if (!target || !members || !mounts) return "(none)";
  std::istringstream mount_lines(*mounts);
  for (std::string one; std::getline(mount_lines, one);) {
    const Mount mount = parsed(one);
    if (!target->starts_with(mount.point + "/")) continue;
    std::istringstream member_lines(*members);
    for (std::string line; std::getline(member_lines, line);) {
      std::string head = line.substr(0, line.find(':', line.find(':') + 1) + 1);
      if (head != unified_head && is_of(mount, head)) return head;
    }
  }
  return "(none)";
}

std::string path_of(std::string_view process, const std::string& line_head) {
  const Result<std::string> text = read_small_file("/proc/" + std::string(process) + "/cgroup");
  if (!text) return errno_name(text.error().err);
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(line_head)) return line.substr(line_head.size());
  }
  return "(none)";
}

std::string mount_option(const std::string& line_head) {
  const std::string own = controllers(line_head);
  return own.starts_with("name=") ? "none," + own : own;
}

std::string mount_root(const std::string& line_head, const std::string& point) {
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) {
    const Mount mount = parsed(line);
    if (is_of(mount, line_head) && (point.empty() || mount.point == point)) return mount.root;
  }
  return "(none)";
}

std::string unified_options() {
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) {
    const Mount mount = parsed(line);
    if (mount.type == "cgroup2") return mount.options;
  }
  return "";
}

int move_to(const std::string& directory) {
  return write_small_file(directory + "/cgroup.procs", "0").error().err;
}

}  // namespace nsbench::own_cgroup
