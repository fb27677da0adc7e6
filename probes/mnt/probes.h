// The probes of the mnt namespace, each defined in the file named.
#pragma once

#include <array>

#include "probes/probe.h"

namespace nsbench::probes {

// For the probes that go into a less privileged namespace by in_less_privileged() (mounts.h).
inline constexpr std::array nested_ways{Way{Method::Clone, ""}, Way{Method::Clone3, ""},
                                        Way{Method::Unshare, ""}, Way{Method::Setns, ""}};
// For rules of a call that no way in could change.
inline constexpr std::array one_way{Way{Method::Unshare, ""}};
// Where the privilege of whoever starts the check makes no difference, and the unprivileged matter.
inline constexpr std::array userns_only{Privilege::Userns};

// mount_view.cpp
extern const Probe mount_view, umount_view, pivot_root;
// propagation.cpp
extern const Probe propagation_shared, propagation_slave, propagation_recursive, propagation_userns;
// propagation_tables.cpp
extern const Probe propagation_changes, propagation_bind, propagation_move, propagation_unbindable;
// locked.cpp
extern const Probe locked_mounts, locked_detached, locked_unit, locked_new_calls;
// locked_flags.cpp
extern const Probe locked_flags_remount, locked_flags_setattr, locked_flags_copy;
// too_revealing.cpp
extern const Probe proc_too_revealing, sysfs_too_writable, sysfs_too_revealing;
// foreign.cpp
extern const Probe foreign_mount, foreign_tree, foreign_setattr, foreign_propagation,
    foreign_overlay;
// setns_mnt.cpp
extern const Probe setns_mnt, ns_file_loop, failed_unshare;
// no_privilege.cpp
extern const Probe mount_privilege, mount_privilege_new_calls;
// dotdot.cpp
extern const Probe dotdot;
// suid_foreign.cpp
extern const Probe file_caps_foreign, setuid_foreign, file_caps_foreign_owner;
// devices.cpp
extern const Probe device_nodes, device_whiteout, device_open, mount_types;
// listing.cpp
extern const Probe mount_listing, statmount_foreign, mount_namespace_walk;
// idmapped.cpp
extern const Probe idmapped_owners, idmapped_unmapped, idmapped_privilege;
// mount_max.cpp
extern const Probe mount_max;
// fsmount_view.cpp
extern const Probe fsmount_view;
// pivot_rules.cpp
extern const Probe pivot_root_rules;

}  // namespace nsbench::probes
