#include "probes/probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "probes/families.h"

namespace nsbench {

std::string_view id(Side side) {
  constexpr std::array names{std::string_view("outside"), std::string_view("inside"),
                             std::string_view("sibling")};
  return names[static_cast<std::size_t>(side)];
}

namespace {

// One row a probe; a file may hold several.
constexpr std::array rows{
    &probes::pid_identity,    &probes::pid_one,       &probes::parent_invisible,
    &probes::proc_view,       &probes::uts_identity,  &probes::hostname,
    &probes::hostname_sysctl, &probes::mnt_identity,  &probes::mount_view,
    &probes::umount_view,     &probes::pivot_root,    &probes::ipc_identity,
    &probes::sysv_shm,        &probes::sysv_sem,      &probes::sysv_msg,
    &probes::mqueue,          &probes::user_identity, &probes::uid_map,
    &probes::gid_map,         &probes::file_owner,    &probes::peer_ids_probe,
    &probes::net_identity,    &probes::interfaces,    &probes::interface_names,
    &probes::cgroup_identity, &probes::time_identity,
};

}  // namespace

std::span<const Probe* const> all_probes() { return rows; }

const Probe* find_probe(std::string_view subject) {
  for (const Probe* probe : rows) {
    if (subject == std::string(probe->family) + "/" + std::string(probe->name)) return probe;
  }
  return nullptr;
}

}  // namespace nsbench
