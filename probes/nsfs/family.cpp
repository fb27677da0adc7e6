#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &ns_links,     &pid_for_children, &time_for_children, &nstype,         &setns_type,
    &parent_user,  &parent_pid,       &owner_reach,       &relatives_none, &pid_translation,
    &keepalive_fd, &keepalive_bind,   &keepalive_child,   &ns_id,          &ns_id_fresh,
    &mntns_id,     &ns_list,          &handles,           &handles_host,   &handle_stale,
};

}  // namespace

std::span<const Probe* const> nsfs_family() { return rows; }

}  // namespace nsbench::probes
