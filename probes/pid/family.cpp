#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/pid/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &pid_identity,
    &pid_one,
    &parent_invisible,
    &proc_view,
    &no_signal_out,
    &no_signal_to_all,
    &no_signal_by_pidfd,
    &unknown_pids,
    &pidfd_info,
    &init_protected,
    &init_not_stopped,
    &init_and_ancestor,
    &init_death,
    &orphans,
    &orphans_of_joiner,
    &sender_pid,
    &wait_pid,
    &scm_pid,
    &forged_pid,
    &lock_pids,
    &proc_locks,
    &mq_notify_pid,
    &sysv_pids,
    &nesting,
    &unshare_once,
    &no_foreign_thread,
    &init_no_sibling,
    &no_ascent,
    &unshare_children,
    &setns_children,
    &reboot,
    &set_tid,
    &set_tid_above,
    &pid_max_own,
    &proc_owner,
    &status_ids,
    &last_pid_written,
};

}  // namespace

std::span<const Probe* const> pid_family() { return rows; }

}  // namespace nsbench::probes
