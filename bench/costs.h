// Where in the kernel the time of each kind goes, for the rows of several families. Names are those
// of Linux 6.18; kernel/nsproxy.c is common to all.
#pragma once

#include <string_view>

#include "probes/sandbox/namespace_set.h"

namespace nsbench::bench {

constexpr std::string_view cost_of_making(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "create_user_ns() (kernel/user_namespace.c): setup_userns_sysctls() registers a table "
             "of sysctls, and prepare_creds() copies the credentials";
    case Kind::Pid:
      return "create_pid_namespace() (kernel/pid_namespace.c): an allocation with an idr of its "
             "own, since 6.14 a table of sysctls; in a clone alloc_pid() at one more level";
    case Kind::Uts:
      return "copy_utsname() (kernel/utsname.c): one kmem_cache_alloc(), and a copy of 390 bytes "
             "under uts_sem";
    case Kind::Ipc:
      return "create_ipc_ns() (ipc/namespace.c): mq_init_ns() mounts a superblock of mqueue, and "
             "two tables of sysctls are registered";
    case Kind::Net:
      return "setup_net() (net/core/net_namespace.c): ops_init() of every registered "
             "pernet_operations, one after another under pernet_ops_rwsem: loopback, sysctls, "
             "/proc/net, netfilter";
    case Kind::Cgroup:
      return "copy_cgroup_ns() (kernel/cgroup/namespace.c): one allocation, and the css_set under "
             "css_set_lock";
    case Kind::Time:
      return "clone_time_ns() (kernel/time/namespace.c): an allocation, and a page for the vvar "
             "data";
    case Kind::Mnt:
      return "copy_mnt_ns() (fs/namespace.c): copy_tree() clones every mount of the namespace "
             "under namespace_sem";
  }
  return "";
}

constexpr std::string_view cost_of_joining(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "userns_install() (kernel/user_namespace.c) and prepare_creds(), commit_creds(), "
             "whose old credentials RCU frees";
    case Kind::Time:
      return "timens_install() (kernel/time/namespace.c); vdso_join_timens() zaps the vvar pages";
    case Kind::Mnt:
      return "mntns_install() (fs/namespace.c): the walk down to the namespace's root, and "
             "set_fs_root()";
    default:
      return "the system call itself: ksys_setns() and prepare_nsset() (kernel/nsproxy.c) copy the "
             "nsproxy, the kind's install() swaps one pointer in it, switch_task_namespaces()";
  }
}

constexpr std::string_view cost_of_dropping(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "nothing of it: the credentials go with the process, by RCU, and __put_user_ns() "
             "leaves the rest to free_user_ns() in a kworker";
    case Kind::Pid:
      return "put_pid_ns(): destroy_pid_namespace() (kernel/pid_namespace.c); the memory is freed "
             "after an RCU grace period. With a process: zap_pid_ns_processes()";
    case Kind::Uts:
      return "free_uts_ns() (kernel/utsname.c): synchronous";
    case Kind::Ipc:
      return "put_ipc_ns() (ipc/namespace.c): queues free_ipc_work, which unmounts mqueue later";
    case Kind::Net:
      return "__put_net() (net/core/net_namespace.c): queues cleanup_net(), which does it all "
             "later";
    case Kind::Cgroup:
      return "free_cgroup_ns() (kernel/cgroup/namespace.c): synchronous";
    case Kind::Time:
      return "free_time_ns() (kernel/time/namespace.c): synchronous; on the way back "
             "vdso_join_timens() zaps the vvar pages";
    case Kind::Mnt:
      return "put_mnt_ns() (fs/namespace.c): umount_tree(), and namespace_unlock() waits in "
             "synchronize_rcu_expedited(): p99 is that of RCU";
  }
  return "";
}

}  // namespace nsbench::bench
