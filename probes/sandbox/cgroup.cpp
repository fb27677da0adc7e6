#include "probes/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench {

namespace {

constexpr std::string_view prefix = "nsbench-";
constexpr std::chrono::seconds removal_time{2};
constexpr std::chrono::seconds guardian_patience{20};  // until the kernel has ended an arena

bool is_unified(const MountInfo& mount) { return mount.type == "cgroup2"; }

// In version 1 the controllers are among the options of the super block.
bool same_hierarchy(const MountInfo& mount, const CgroupLine& member) {
  if (is_unified(mount) || member.unified()) return is_unified(mount) && member.unified();
  const std::string first = member.controllers.substr(0, member.controllers.find(','));
  return mount.type == "cgroup" && has_word(mount.super_options, first);
}

// The directory of `path` in a mount of `root`; empty if it is not below that.
std::string directory_in(const MountInfo& mount, const std::string& path) {
  if (path.find("/..") != std::string::npos || mount.root.find("/..") != std::string::npos) {
    return "";
  }
  const std::string root = mount.root == "/" ? "" : mount.root;
  if (path != root && !path.starts_with(root + "/")) return "";
  const std::string below = path.substr(root.size());
  return below == "/" ? mount.point : mount.point + below;
}

// Where a task can be moved without further ado: cpuset wants its files filled in first, and a
// memory cgroup takes long to go.
int suits(const CgroupLine& member) {
  if (member.unified()) return 3;
  if (has_word(member.controllers, "pids") || has_word(member.controllers, "freezer")) return 2;
  if (has_word(member.controllers, "cpuset") || has_word(member.controllers, "memory")) return 0;
  return 1;
}

std::vector<std::string> directories_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

// Those below first. A process that is still there, or still ending, makes it EBUSY.
bool try_to_remove(const std::string& directory) {
  for (const std::string& name : directories_in(directory)) try_to_remove(directory + "/" + name);
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

Fd locked(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

// What a killed run and its killed guardian left. Nobody has it locked; a pid in its name would not
// tell, since that may be of another pid namespace.
void remove_leftovers(const std::string& parent) {
  for (const std::string& name : directories_in(parent)) {
    if (!name.starts_with(prefix)) continue;
    const std::string directory = parent + "/" + name;
    const Fd lock = locked(directory);
    if (lock.valid()) try_to_remove(directory);
  }
}

// Gives the cgroup to the arena's unprivileged user (cgroups(7), "Cgroups delegation"). Where the
// id can't be given to, drop_privilege() keeps the caller's, and nothing need change.
void delegate(const std::string& directory) {
  if (!has_capability(CAP_KILL)) return;
  constexpr uid_t nobody = 65534;
  for (const char* file :
       {"", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control", "/tasks"}) {
    static_cast<void>(::chown((directory + file).c_str(), nobody, nobody) == 0);
  }
}

// Whether all of this run's are gone. One that is locked is somebody's: of this run's processes,
// which end, or of another run with the same pid in another pid namespace.
bool remove_all_of(const std::string& parent, const std::string& name) {
  bool all = true;
  for (const std::string& one : directories_in(parent)) {
    if (!one.starts_with(name)) continue;
    const std::string directory = parent + "/" + one;
    const Fd lock = locked(directory);
    all = lock.valid() && try_to_remove(directory) && all;
  }
  return all;
}

// The guardian's life: in a session of its own, so that what is sent to the harness's group misses
// it. If the harness hangs up without a word, because it died, what it made is removed.
int guard(Channel& channel, const std::vector<std::string>& parents, const std::string& name) {
  close_all_but(channel.fd());
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, 0);
  ::prctl(PR_SET_NAME, "nsb-guardian");
  // Whoever reads the harness's output waits for its end, not for this one's.
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd <= 2; ++fd) ::dup2(null.get(), fd);
  if (!channel.send("ready")) return 1;
  if (channel.receive()) return 0;
  for (const auto end = Deadline::in(guardian_patience); !end.passed();) {
    bool all = true;
    for (const std::string& parent : parents) all = remove_all_of(parent, name) && all;
    if (all) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return 1;
}

// One hierarchy of each version, the most suitable, and that of a controller.
Result<std::vector<CgroupHierarchy>> chosen_hierarchies(std::string_view controller) {
  Result<std::vector<CgroupHierarchy>> all = cgroup_hierarchies();
  if (!all) return all;
  std::vector<CgroupHierarchy> chosen;
  for (CgroupHierarchy& one : *all) {
    const bool taken = std::any_of(chosen.begin(), chosen.end(), [&one](const auto& other) {
      return other.unified == one.unified;
    });
    const bool asked_for = !controller.empty() && has_word(one.controllers, controller);
    if (!taken || asked_for) chosen.push_back(std::move(one));
  }
  return chosen;
}

// The caller's own want, which says nothing of the hierarchy.
bool is_want(const Error& refused) {
  return refused.err == EMFILE || refused.err == ENFILE || refused.err == ENOMEM;
}

// Of a new cgroup that is of no use.
Error removed_for(Error refused, const std::string& directory) {
  ::rmdir(directory.c_str());
  return refused;
}

std::string name_of_run() { return fmt::format("{}{}-", prefix, ::getpid()); }

}  // namespace

std::vector<CgroupHierarchy> cgroup_hierarchies(std::string_view mountinfo,
                                                std::string_view membership) {
  std::vector<CgroupLine> members = parse_cgroup(membership);
  std::stable_sort(members.begin(), members.end(),
                   [](const CgroupLine& a, const CgroupLine& b) { return suits(a) > suits(b); });
  const std::vector<MountInfo> mounts = parse_mountinfo(mountinfo);
  std::vector<CgroupHierarchy> found;
  for (const CgroupLine& member : members) {
    for (const MountInfo& mount : mounts) {
      if (!same_hierarchy(mount, member)) continue;
      const std::string directory = directory_in(mount, member.path);
      if (directory.empty()) continue;
      found.push_back({is_unified(mount), directory, member.controllers});
      break;
    }
  }
  return found;
}

Result<std::vector<CgroupHierarchy>> cgroup_hierarchies() {
  const Result<std::string> mountinfo = read_small_file("/proc/self/mountinfo");
  const Result<std::string> membership = read_small_file("/proc/self/cgroup");
  if (mountinfo && membership) return cgroup_hierarchies(*mountinfo, *membership);
  const Error& refused = mountinfo ? membership.error() : mountinfo.error();
  if (refused.err == ENOENT) return std::vector<CgroupHierarchy>{};
  return refused;
}

bool remove_cgroup(const std::string& directory, Deadline deadline) {
  while (!try_to_remove(directory)) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Result<OwnCgroup::Part> OwnCgroup::make_part(const CgroupHierarchy& hierarchy,
                                             Privilege privilege) {
  remove_leftovers(hierarchy.directory);
  Part part{hierarchy.unified, "", {}, {}};
  const std::string name = name_of_run();
  constexpr int tries = 100;
  for (int n = 1; n <= tries; ++n) {
    part.directory = fmt::format("{}/{}{}", hierarchy.directory, name, n);
    if (::mkdir(part.directory.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;
      return Error::last(fmt::format("mkdir({})", part.directory));
    }
    part.lock = locked(part.directory);
    if (!part.lock.valid()) {
      // Somebody took it for a leftover before it was locked.
      if (errno == ENOENT || errno == EWOULDBLOCK) continue;
      return removed_for(Error::last(fmt::format("lock({})", part.directory)), part.directory);
    }
    part.procs = Fd(::open((part.directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!part.procs.valid()) {
      return removed_for(Error::last(fmt::format("open({}/cgroup.procs)", part.directory)),
                         part.directory);
    }
    if (privilege == Privilege::Userns) delegate(part.directory);
    return part;
  }
  return Error{"no name is free for a cgroup", EEXIST};
}

Result<OwnCgroup> OwnCgroup::make(Privilege privilege, std::string_view controller) {
  const Result<std::vector<CgroupHierarchy>> hierarchies = chosen_hierarchies(controller);
  if (!hierarchies) return hierarchies.error();
  if (hierarchies->empty()) return Error{"no cgroup file system is mounted", ENOENT};
  std::vector<std::string> parents;
  for (const CgroupHierarchy& one : *hierarchies) parents.push_back(one.directory);
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  OwnCgroup own;
  Result<Child> guardian = Child::fork([&, name = name_of_run()] {
    ends->first.close();
    return guard(ends->second, parents, name);
  });
  if (!guardian) return guardian.error();
  ends->second.close();
  own.guardian_ = std::move(*guardian);
  own.to_guardian_ = std::move(ends->first);
  if (const auto ready = own.to_guardian_.receive(Deadline::in(removal_time)); !ready) {
    return ready.error();
  }
  Error refused;
  for (const CgroupHierarchy& one : *hierarchies) {
    Result<Part> part = make_part(one, privilege);
    if (part) own.parts_.push_back(std::move(*part));
    if (!part) refused = part.error();
  }
  if (own.parts_.empty() || is_want(refused)) return refused;
  return own;
}

// What can't be removed in time is left to the guardian, which tries for longer.
void OwnCgroup::remove() {
  if (!guardian_.running()) return;
  bool all = true;
  for (Part& part : parts_) {
    part.procs.reset();
    all = remove_cgroup(part.directory, Deadline::in(removal_time)) && all;
  }
  parts_.clear();
  if (all && to_guardian_.send("done")) {
    static_cast<void>(guardian_.wait(Deadline::in(removal_time)));
  } else {
    guardian_.disown();
  }
  to_guardian_.close();
  guardian_ = Child();
}

OwnCgroup& OwnCgroup::operator=(OwnCgroup&& other) noexcept {
  if (this != &other) {
    remove();
    parts_ = std::move(other.parts_);
    guardian_ = std::move(other.guardian_);
    to_guardian_ = std::move(other.to_guardian_);
  }
  return *this;
}

Status OwnCgroup::join() const {
  for (const Part& part : parts_) {
    if (::write(part.procs.get(), "0", 1) != 1) {
      return Error::last(fmt::format("write({}/cgroup.procs)", part.directory));
    }
  }
  return {};
}

Status OwnCgroup::furnish_links(const std::string& scratch) const {
  for (const Part& part : parts_) {
    const std::string link = scratch + std::string(part.unified ? unified_link : v1_link);
    if (::symlink(part.directory.c_str(), link.c_str()) != 0) {
      return Error::last(fmt::format("symlink({})", link));
    }
  }
  return {};
}

std::vector<std::string> OwnCgroup::directories() const {
  std::vector<std::string> all;
  for (const Part& part : parts_) all.push_back(part.directory);
  return all;
}

}  // namespace nsbench
