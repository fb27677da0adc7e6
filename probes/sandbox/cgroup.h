// A cgroup of an arena's own, below the caller's. Cgroup directories outlive processes, so somebody
// must remove them: this process; a guardian, if this process is killed; and if that dies too, the
// next one that makes such a cgroup.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench {

// A hierarchy that is mounted here, and the caller's cgroup in it.
struct CgroupHierarchy {
  bool unified = false;     // cgroup version 2
  std::string directory;    // of the caller's cgroup
  std::string controllers;  // of version 1, separated by commas
};

// From the texts of /proc/PID/mountinfo and /proc/PID/cgroup. Leaves out hierarchies in which the
// cgroup is not below what is mounted.
std::vector<CgroupHierarchy> cgroup_hierarchies(std::string_view mountinfo,
                                                std::string_view membership);
// The caller's; none where there is no /proc. The error is of opening or reading its files: a limit
// of descriptors, say, which does not mean that nothing is mounted.
Result<std::vector<CgroupHierarchy>> cgroup_hierarchies();

// Removes a cgroup and those below it, as soon as they are empty; false if that takes longer than
// the deadline. A directory that is not there is as good as removed.
bool remove_cgroup(const std::string& directory, Deadline deadline);

class OwnCgroup {
 public:
  // Where furnish_links() puts the links to the directories, below the arena's scratch directory.
  static constexpr std::string_view unified_link = "/cgroup";
  static constexpr std::string_view v1_link = "/cgroup-v1";

  // Makes one in the unified hierarchy and in one of version 1, as far as these are mounted and the
  // caller may, and starts the guardian before. Under Userns it belongs to the unprivileged user
  // that drop_privilege() makes. With a `controller` also in the hierarchy of version 1 that has
  // it. The Error says why there is none: ENOENT if nothing is mounted.
  static Result<OwnCgroup> make(Privilege privilege, std::string_view controller = "");

  OwnCgroup() = default;
  OwnCgroup(OwnCgroup&& other) noexcept = default;
  OwnCgroup& operator=(OwnCgroup&& other) noexcept;
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup() { remove(); }

  // Moves the calling process, a fork of the maker, into it; with the maker's rights, since the
  // files were opened by it.
  [[nodiscard]] Status join() const;
  // Symbolic links to the directories, in an arena's scratch directory.
  [[nodiscard]] Status furnish_links(const std::string& scratch) const;
  // What ends with the arena, so after its last process.
  void remove();

  [[nodiscard]] std::vector<std::string> directories() const;

 private:
  struct Part {
    bool unified = false;
    std::string directory;
    Fd lock;   // flock(2): tells others that it is in use
    Fd procs;  // its cgroup.procs
  };
  static Result<Part> make_part(const CgroupHierarchy& hierarchy, Privilege privilege);

  std::vector<Part> parts_;
  Child guardian_;
  Channel to_guardian_;
};

}  // namespace nsbench
