#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &user_identity,
    &uid_map,
    &gid_map,
    &file_owner,
    &peer_ids_probe,
    &real_ids,
    &ids_in_answers,
    &map_view,
    &unmapped_ids,
    &unmapped_targets,
    &foreign_files,
    &foreign_processes,
    &sgid_unmapped,
    &map_rules,
    &gid_map_rules,
    &projid_map_rules,
    &map_opener,
    &map_opener_parent,
    &map_root,
    &map_place,
    &many_extents,
    &setgroups_denied,
    &setgroups_allowed,
    &caps_inside,
    &host_calls,
    &caps_reset,
    &caps_owner,
    &exec_caps,
    &setuid_caps,
    &file_caps,
    &owner,
    &owner_time,
    &owner_uid,
    &newuser_with_fs,
    &newuser_in_chroot,
    &newuser_with_threads,
    &join_relatives,
    &nesting_depth,
    &limit_user,
    &limit_pid,
    &limit_uts,
    &limit_ipc,
    &limit_net,
    &limit_cgroup,
    &limit_time,
    &limit_mnt,
    &overlay_userns,
    &keyrings,
    &rlimit_nproc,
    &rlimit_sigpending,
    &rlimit_msgqueue,
    &rlimit_memlock,
};

}  // namespace

std::span<const Probe* const> user_family() { return rows; }

}  // namespace nsbench::probes
