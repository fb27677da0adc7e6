#include "probes/sandbox/testing/call_filter.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace nsbench::testing {

namespace {

constexpr std::uint32_t new_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

long number_of(Method method) {
  constexpr std::array<long, 4> numbers{SYS_clone, SYS_clone3, SYS_unshare, SYS_setns};
  return numbers.at(static_cast<std::size_t>(method));
}

// moby's profiles/seccomp/default.json, turned round: it lists what is allowed. First what no
// capability opens.
constexpr std::array docker_rules{
    FilterRule{SYS_pivot_root, EPERM},
    FilterRule{SYS_keyctl, EPERM},
    FilterRule{SYS_add_key, EPERM},
    FilterRule{SYS_request_key, EPERM},
    FilterRule{SYS_personality, EPERM, ADDR_NO_RANDOMIZE},
    FilterRule{SYS_userfaultfd, EPERM},
    FilterRule{SYS_open_by_handle_at, EPERM},  // CAP_DAC_READ_SEARCH opens it
    FilterRule{SYS_reboot, EPERM},             // CAP_SYS_BOOT
    FilterRule{SYS_clock_settime, EPERM},      // CAP_SYS_TIME
    FilterRule{SYS_settimeofday, EPERM},
    FilterRule{SYS_acct, EPERM},
    FilterRule{SYS_kcmp, EPERM},
    // From here on: opened by CAP_SYS_ADMIN.
    FilterRule{SYS_clone, EPERM, new_namespaces},
    FilterRule{SYS_clone3, ENOSYS},
    FilterRule{SYS_unshare, EPERM},
    FilterRule{SYS_setns, EPERM},
    FilterRule{SYS_mount, EPERM},
    FilterRule{SYS_umount2, EPERM},
    FilterRule{SYS_open_tree, EPERM},
    FilterRule{SYS_move_mount, EPERM},
    FilterRule{SYS_mount_setattr, EPERM},
    FilterRule{SYS_fsopen, EPERM},
    FilterRule{SYS_fsconfig, EPERM},
    FilterRule{SYS_fsmount, EPERM},
    FilterRule{SYS_fspick, EPERM},
    FilterRule{SYS_sethostname, EPERM},
    FilterRule{SYS_setdomainname, EPERM},
    FilterRule{SYS_bpf, EPERM},
    FilterRule{SYS_perf_event_open, EPERM},
    FilterRule{SYS_syslog, EPERM},
    FilterRule{SYS_quotactl, EPERM},
};
constexpr std::size_t opened_by_sys_admin = 12;  // the first of them

constexpr std::uint32_t action_of(const FilterRule& rule) {
  return rule.err == 0 ? SECCOMP_RET_KILL_PROCESS
                       : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.err);
}

void append(const FilterRule& rule, std::vector<sock_filter>& program) {
  constexpr auto load = BPF_LD | BPF_W | BPF_ABS;
  program.push_back(sock_filter BPF_STMT(load, offsetof(seccomp_data, nr)));
  const auto number = static_cast<std::uint32_t>(rule.number);
  if (rule.flags == 0) {
    program.push_back(sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
  } else {
    program.push_back(sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3));
    program.push_back(sock_filter BPF_STMT(load, offsetof(seccomp_data, args)));
    program.push_back(sock_filter BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, rule.flags, 0, 1));
  }
  program.push_back(sock_filter BPF_STMT(BPF_RET | BPF_K, action_of(rule)));
}

}  // namespace

FilterRule rule_of(Method method, int err) {
  return {number_of(method), err, method == Method::Clone ? new_namespaces : 0};
}

FilterRule rule_of_mount(int err) { return {SYS_mount, err}; }

std::span<const FilterRule> docker_default(bool with_sys_admin) {
  const std::span all(docker_rules);
  return with_sys_admin ? all.first(opened_by_sys_admin) : all;
}

Status install_filter(std::span<const FilterRule> rules) {
  std::vector<sock_filter> program;
  for (const FilterRule& rule : rules) append(rule, program);
  program.push_back(sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error::last("prctl(NO_NEW_PRIVS)");
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return Error::last("prctl(PR_SET_SECCOMP)");
  }
  return {};
}

Status refuse(Method method, int err) {
  return install_filter(std::array{FilterRule{number_of(method), err}});
}

Status forbid(Method method) { return refuse(method, 0); }

}  // namespace nsbench::testing
