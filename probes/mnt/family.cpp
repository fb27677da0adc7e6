#include <array>

#include "probes/families.h"
#include "probes/mnt/probes.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &mnt_identity,               //
    &mount_view,                 //
    &umount_view,                //
    &pivot_root,                 //
    &propagation_shared,         //
    &propagation_slave,          //
    &propagation_recursive,      //
    &propagation_userns,         //
    &propagation_changes,        //
    &propagation_bind,           //
    &propagation_move,           //
    &propagation_unbindable,     //
    &locked_mounts,              //
    &locked_detached,            //
    &locked_unit,                //
    &locked_new_calls,           //
    &locked_flags_remount,       //
    &locked_flags_setattr,       //
    &locked_flags_copy,          //
    &proc_too_revealing,         //
    &sysfs_too_writable,         //
    &sysfs_too_revealing,        //
    &foreign_mount,              //
    &foreign_tree,               //
    &foreign_setattr,            //
    &foreign_propagation,        //
    &foreign_overlay,            //
    &setns_mnt,                  //
    &ns_file_loop,               //
    &failed_unshare,             //
    &mount_privilege,            //
    &mount_privilege_new_calls,  //
    &dotdot,                     //
    &file_caps_foreign,          //
    &setuid_foreign,             //
    &file_caps_foreign_owner,    //
    &device_nodes,               //
    &device_whiteout,            //
    &device_open,                //
    &mount_types,                //
    &mount_listing,              //
    &statmount_foreign,          //
    &mount_namespace_walk,       //
    &idmapped_owners,            //
    &idmapped_unmapped,          //
    &idmapped_privilege,         //
    &mount_max,                  //
    &fsmount_view,               //
    &pivot_root_rules,           //
};

}  // namespace

std::span<const Probe* const> mnt_family() { return rows; }

}  // namespace nsbench::probes
