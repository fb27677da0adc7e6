// The probes of the pid namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// process_ids.cpp
extern const Probe pid_one, parent_invisible;
// proc_view.cpp
extern const Probe proc_view;
// signals_out.cpp
extern const Probe no_signal_out, no_signal_to_all, no_signal_by_pidfd;
// unknown_pids.cpp
extern const Probe unknown_pids, pidfd_info;
// init_protected.cpp
extern const Probe init_protected, init_not_stopped, init_and_ancestor;
// init_death.cpp
extern const Probe init_death;
// orphans.cpp
extern const Probe orphans, orphans_of_joiner;
// sender_pid.cpp
extern const Probe sender_pid, wait_pid;  // si_pid itself is a macro
// scm_pid.cpp
extern const Probe scm_pid, forged_pid;
// descriptor_pids.cpp
extern const Probe lock_pids, proc_locks;
// ipc_pids.cpp
extern const Probe mq_notify_pid, sysv_pids;
// nesting.cpp
extern const Probe nesting, unshare_once, no_foreign_thread, init_no_sibling;
// ascent.cpp
extern const Probe no_ascent, unshare_children, setns_children;
// reboot.cpp
extern const Probe reboot;
// set_tid.cpp
extern const Probe set_tid, set_tid_above;
// pid_max.cpp
extern const Probe pid_max_own;
// proc_files.cpp
extern const Probe proc_owner, status_ids, last_pid_written;

}  // namespace nsbench::probes
