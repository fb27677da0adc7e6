#include "probes/sandbox/filtered_calls.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "probes/sandbox/calls.h"

namespace nsbench {

namespace {

constexpr long bad = -1;                      // no descriptor, no command, no size
constexpr long bad_flags = 0x4000'0000;       // of no call below
constexpr long not_for_unshare = 1;           // a bit of clone's exit signal
constexpr long new_namespaces = 0x7e02'0000;  // all CLONE_NEW* of the classic calls

// A call that this kernel answers with `honest`, if it gets to see it.
struct Trial {
  const char* name;
  long number;
  std::array<long, 5> arguments;
  int honest;
  KernelRelease since{};    // that has the call
  bool privileged = false;  // the kernel asks for CAP_SYS_ADMIN over the namespaces first
};

// kernel/fork.c, kernel/nsproxy.c, fs/namespace.c, fs/fsopen.c, kernel/sys.c: the order of their
// checks.
constexpr std::array trials{
    Trial{"unshare", SYS_unshare, {new_namespaces | not_for_unshare}, EINVAL},
    Trial{"setns", SYS_setns, {bad, 0}, EBADF},
    Trial{"clone", SYS_clone, {new_namespaces | CLONE_FS, 0, 0, 0, 0}, EINVAL},
    Trial{"clone3", SYS_clone3, {0, 0}, EINVAL, {5, 3}},
    Trial{"pidfd_open", SYS_pidfd_open, {1, bad_flags}, EINVAL, {5, 3}},
    Trial{"pidfd_send_signal", SYS_pidfd_send_signal, {bad, 0, 0, bad_flags}, EINVAL, {5, 1}},
    Trial{"mount", SYS_mount, {0, 0, 0, 0, 0}, EFAULT},
    Trial{"umount2", SYS_umount2, {0, bad_flags}, EINVAL},
    Trial{"pivot_root", SYS_pivot_root, {0, 0}, EFAULT, {}, true},
    Trial{"open_tree", SYS_open_tree, {bad, 0, bad_flags}, EINVAL, {5, 2}},
    Trial{"move_mount", SYS_move_mount, {bad, 0, bad, 0, bad_flags}, EINVAL, {5, 2}, true},
    Trial{"fsopen", SYS_fsopen, {0, bad_flags}, EINVAL, {5, 2}, true},
    Trial{"fsmount", SYS_fsmount, {bad, bad_flags, 0}, EINVAL, {5, 2}, true},
    Trial{"mount_setattr", SYS_mount_setattr, {bad, 0, bad_flags, 0, 0}, EINVAL, {5, 12}},
    Trial{"sethostname", SYS_sethostname, {0, bad}, EINVAL, {}, true},
    Trial{"setdomainname", SYS_setdomainname, {0, bad}, EINVAL, {}, true},
    Trial{"chroot", SYS_chroot, {0}, EFAULT},
    Trial{"ptrace", SYS_ptrace, {bad, bad, 0, 0}, ESRCH},
    Trial{"open_by_handle_at", SYS_open_by_handle_at, {bad, 0, 0}, EFAULT, {6, 12}},
    Trial{"keyctl", SYS_keyctl, {bad}, EOPNOTSUPP},
    Trial{"add_key", SYS_add_key, {0, 0, 0, 0, 0}, EFAULT},
};

// Namespaces over which the caller has every capability.
bool own_namespaces() {
  return calls::unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0 ||
         calls::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) == 0;
}

// What the call is answered with in a child of its own; 0 if it ended the child. Nothing, if that
// is the kernel's own answer, or nothing can be told.
std::optional<int> answer(const Trial& trial) {
  const pid_t pid = ::fork();
  if (pid < 0) return std::nullopt;
  if (pid == 0) {
    ::prctl(PR_SET_DUMPABLE, 0);  // a filter that kills leaves no core
    if (trial.privileged && !own_namespaces()) ::_exit(0);
    const auto& a = trial.arguments;
    const long result = ::syscall(trial.number, a[0], a[1], a[2], a[3], a[4]);
    ::_exit(result < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? std::optional(0) : std::nullopt;
  const int err = WEXITSTATUS(status);
  return err == trial.honest || err == 0 ? std::nullopt : std::optional(err);
}

bool has_unshare(const std::vector<FilteredCall>& found) {
  return std::any_of(found.begin(), found.end(),
                     [](const FilteredCall& one) { return one.name == "unshare"; });
}

}  // namespace

std::vector<FilteredCall> find_filtered_calls(const KernelRelease& release) {
  std::vector<FilteredCall> found;
  for (const Trial& trial : trials) {
    if (release < trial.since) continue;
    if (trial.privileged && has_unshare(found)) continue;  // no namespaces to try it in
    if (const std::optional<int> err = answer(trial)) found.push_back({trial.name, *err});
  }
  return found;
}

}  // namespace nsbench
