// What the mnt probes share: mounts in the scratch directory, and what mountinfo says of them.
#pragma once

#include <sys/mount.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/helpers.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::probes {

// A path below the arena's scratch directory.
std::string place(std::string_view name);
// The same, made a directory with all that lead to it, or an empty file in one that exists.
std::string make_dir(std::string_view name);
std::string make_file(std::string_view name);

// mount(2) and umount2(2), as the probes need them: 0, or -1 and errno.
int mount_tmpfs(const std::string& path, unsigned long flags = 0);
int mount_bind(const std::string& from, const std::string& to, unsigned long further = 0);
int mount_move(const std::string& from, const std::string& to);
// MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, perhaps with MS_REC.
int set_propagation(const std::string& path, unsigned long type);
// A tmpfs on a new directory with the empty file "on-the-mount" on it.
int mount_at(std::string_view name, unsigned long flags = 0);
// Whether that file is reached: ENOENT where the mount is not.
int reach(std::string_view name);

// A line of proc_pid_mountinfo(5).
struct MountLine : MountInfo {
  // In the words of mount_namespaces(7): "shared", "slave", "slave and shared", "private",
  // "unbindable".
  [[nodiscard]] std::string propagation() const;
};
std::vector<MountLine> read_mounts(const std::string& file = "/proc/self/mountinfo");
// The topmost mount at this path; one without a point if there is none.
MountLine find_mount(const std::vector<MountLine>& mounts, const std::string& path);
// Its propagation(); "none" if there is no mount.
std::string propagation_at(std::string_view name);

// Plays `look` in a mount namespace below the caller's that has a new user namespace as its owner,
// a less privileged one (mount_namespaces(7), "Restrictions on mount namespaces"), entered as the
// recipe says; in a control, in the caller's own. What it saw is put below "nested". Where the
// environment has no user namespace for us the case is skipped. False if the case has ended.
bool in_less_privileged(Scene& scene, const Look& look, NamespaceSet further = {});
// The same in a new user namespace alone: the mount namespace is the caller's and another one's.
bool in_user_namespace(Scene& scene, const Look& look);

// A forked process in the namespaces of its maker that plays a part each time it is asked to: what
// the outside does while a nested look is under way.
class Partner {
 public:
  using Part = std::function<int(std::string_view asked)>;
  // One that could not be made answers nothing.
  explicit Partner(const Part& part);
  // The part's answer; -1 if none came in time. For the maker, and for the processes it forks.
  int ask(std::string_view what);

 private:
  Channel channel_;
  Child child_;
};

}  // namespace nsbench::probes
