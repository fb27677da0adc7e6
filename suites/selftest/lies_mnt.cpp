// Lies about mounts: mounts that are seen elsewhere, propagation types that are not kept, and acts
// of a less privileged namespace that are not refused.
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "suites/selftest/lie.h"

#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif

namespace nsbench::selftest {

namespace {

#ifdef SYS_access
constexpr std::array looks{long{SYS_access}, long{SYS_faccessat}, long{SYS_faccessat2}};
#else
constexpr std::array looks{long{SYS_faccessat}, long{SYS_faccessat2}};
#endif
constexpr std::array mounts{long{SYS_mount}};
constexpr std::array umounts{long{SYS_umount2}};
constexpr std::array pivots{long{SYS_pivot_root}};
constexpr std::array moves{long{SYS_move_mount}};
constexpr std::array trees{long{SYS_open_tree}};
constexpr std::array contexts{long{SYS_fsopen}};
constexpr std::array attributes{long{SYS_mount_setattr}};
constexpr std::array nodes{long{SYS_mknodat}};
constexpr std::array opens{long{SYS_openat}};
constexpr std::array reads{long{SYS_read}};
constexpr std::array joins{long{SYS_setns}};
constexpr std::array ioctls{long{SYS_ioctl}};
constexpr std::array statmounts{long{SYS_statmount}};
constexpr std::array listmounts{long{SYS_listmount}};
constexpr std::array stats{long{SYS_newfstatat}};
constexpr std::array stats_after_joining{long{SYS_newfstatat}, long{SYS_setns}};
constexpr std::array mounts_after_unshare{long{SYS_mount}, long{SYS_unshare}};

// The path that access(2) or faccessat(2) asks about; the latter's is behind a directory.
std::string path_of(const Call& call) {
  const bool at = call.number() == SYS_faccessat || call.number() == SYS_faccessat2;
  return call.text(call.arg(at ? 1 : 0));
}

bool ends(const std::string& text, std::string_view end) { return text.ends_with(end); }

// A file of this end is reached by the outside, or by everybody, where it was not.
template <const char* end>
void outside_reaches(Call& call) {
  if (call.side() == Side::Outside && ends(path_of(call), end)) call.set_result(0);
}
template <const char* end>
void everybody_reaches(Call& call) {
  if (call.result() == -ENOENT && ends(path_of(call), end)) call.set_result(0);
}
template <const char* end>
void outside_misses(Call& call) {
  if (call.side() == Side::Outside && ends(path_of(call), end)) call.set_result(-ENOENT);
}

// A refusal with this errno is a success.
template <int err>
void succeed(Call& call) {
  if (call.result() == -err) call.set_result(0);
}
// The same of a mount(2) with one of these flags.
template <int err, unsigned long flags>
void mount_succeeds(Call& call) {
  if (call.result() == -err && (call.arg(3) & flags) != 0) call.set_result(0);
}
// And of one of this type of file system.
template <int err, const char* type>
void mount_of_type_succeeds(Call& call) {
  if (call.result() == -err && call.text(call.arg(2)) == type) call.set_result(0);
}

// A change of the propagation type to this one does nothing.
template <unsigned long type>
void ignore_type(Call& call) {
  if ((call.arg(3) & type) != 0) call.answer(0);
}

constexpr unsigned long types = MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE;
void ignore_recursion(Call& call) {
  if ((call.arg(3) & types) != 0) call.set_arg(3, call.arg(3) & ~std::uint64_t{MS_REC});
}
void always_recurse(Call& call) {
  if ((call.arg(3) & types) != 0) call.set_arg(3, call.arg(3) | MS_REC);
}
void bind_everything(Call& call) {
  if ((call.arg(3) & MS_BIND) != 0 && call.result() == -EINVAL) call.set_result(0);
}

// Replaces a text in what was read from a file of /proc with another one of the same length.
void replace_in(Call& call, std::string_view file, std::string_view from, std::string_view to) {
  if (call.result() <= 0 || !ends(call.file_of(call.arg(0)), file)) return;
  std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, to.size(), to);
    at += to.size();
  }
  call.write(call.arg(1), text);
}
void slaves_are_shared(Call& call) { replace_in(call, "/mountinfo", " master:", " shared:"); }
void shared_are_slaves(Call& call) { replace_in(call, "/mountinfo", " shared:", " master:"); }
void flags_are_cleared(Call& call) { replace_in(call, "/mountinfo", " ro,", " rw,"); }
void files_give_capabilities(Call& call) {
  replace_in(call, "/status", "CapEff:\t0000000000000000", "CapEff:\t0000000000000001");
}
void files_give_ids(Call& call) {
  replace_in(call, "/status", "Uid:\t65534\t65534\t65534", "Uid:\t65534\t0\t65534\t65");
}

// stat(2): another inode, or another owner.
template <class Member>
void put_in_stat(Call& call, std::size_t offset, Member value) {
  call.write(call.arg(2) + offset, {reinterpret_cast<const char*>(&value), sizeof value});
}
bool joined_before(Call& call) {
  const std::string key = "joined " + std::to_string(call.pid());
  if (call.number() == SYS_setns && call.result() == 0) call.memory()[key] = "yes";
  return call.number() != SYS_setns && call.memory().contains(key);
}
template <const char* path>
void setns_keeps(Call& call) {
  if (!joined_before(call) || call.result() != 0 || call.text(call.arg(1)) != path) return;
  put_in_stat(call, offsetof(struct stat, st_ino), ino_t{12345});
}
template <const char* end, uid_t owner>
void owned_by(Call& call) {
  if (call.result() != 0 || !ends(call.text(call.arg(1)), end)) return;
  put_in_stat(call, offsetof(struct stat, st_uid), owner);
}

// After an unshare that was refused a process's paths lead into mounts of no namespace.
void failed_unshare_moves(Call& call) {
  const std::string key = "failed " + std::to_string(call.pid());
  if (call.number() == SYS_unshare) {
    if (call.result() == -ENOSPC) call.memory()[key] = "yes";
  } else if (call.memory().contains(key)) {
    call.set_result(-EINVAL);
  }
}

void devices_open(Call& call) {
  if (call.result() == -EACCES && ends(call.text(call.arg(1)), "null")) call.set_result(0);
}

constexpr unsigned long nsfs_ioctls = 0xb7;
void walk_succeeds(Call& call) {
  if (((call.arg(1) >> 8U) & 0xffU) == nsfs_ioctls && call.result() == -EPERM) call.set_result(0);
}

constexpr char by_inside[] = "by-inside/on-the-mount";
constexpr char first[] = "first/on-the-mount";
constexpr char mark[] = "/nsb-mark";
constexpr char shared_c[] = "shared/c/on-the-mount";
constexpr char slave_a[] = "slave/a/on-the-mount";
constexpr char slave_b[] = "slave/b/on-the-mount";
constexpr char below_b[] = "tree/sub/b/on-the-mount";
constexpr char nested_a[] = "to-nested/a/on-the-mount";
constexpr char nested_d[] = "to-nested/d/on-the-mount";
constexpr char hidden[] = "/hidden";
constexpr char left[] = "copy/left/on-the-mount";
constexpr char new_mount[] = "new/on-the-mount";
constexpr char dots[] = "..";
constexpr char secret[] = "../secret";
constexpr char root[] = "/";
constexpr char here[] = ".";
constexpr char proc[] = "proc";
constexpr char sysfs[] = "sysfs";
constexpr char overlay[] = "overlay";
constexpr char devtmpfs[] = "devtmpfs";
constexpr char mapped_file[] = "mapped/theirs";
constexpr char new_file[] = "plain/new";
constexpr char unmapped_file[] = "mapped/on-the-mount";

constexpr Lie at_entry(std::string_view name, std::string_view sentence, std::string_view row,
                       std::string_view cases, std::span<const long> calls,
                       void (*handler)(Call&)) {
  return {.name = name,
          .sentence = sentence,
          .row = row,
          .cases = cases,
          .calls = calls,
          .at_entry = handler};
}
constexpr Lie at_exit(std::string_view name, std::string_view sentence, std::string_view row,
                      std::string_view cases, std::span<const long> calls, void (*handler)(Call&)) {
  return {.name = name,
          .sentence = sentence,
          .row = row,
          .cases = cases,
          .calls = calls,
          .at_exit = handler};
}

constexpr std::array view_lies{
    at_exit("mount_is_reached_outside", "a mount made inside is reached outside", "mnt/mount_view",
            "^mnt/mount_view:", looks, outside_reaches<by_inside>),
    at_exit("umount_is_felt_outside", "an umount inside takes the mount from the outside",
            "mnt/mount_view", "^mnt/umount_view:", looks, outside_misses<first>),
    at_exit("pivot_root_is_for_all", "pivot_root inside gives the outside the new root",
            "mnt/mount_view", "^mnt/pivot_root:", looks, outside_reaches<mark>),
    at_exit("fsmount_is_reached_outside", "a mount made by fsmount inside is reached outside",
            "mnt/mount_view", "^mnt/fsmount_view:", looks, outside_reaches<new_mount>),
    at_exit("pivot_root_refuses_nothing", "pivot_root succeeds where it must be refused",
            "mnt/mount_view", "^mnt/pivot_root_rules:", pivots, succeed<EINVAL>),
};

constexpr std::array propagation_lies{
    at_entry("ms_private_is_ignored", "MS_PRIVATE changes nothing", "mnt/propagation",
             "^mnt/propagation_(shared|changes):", mounts, ignore_type<MS_PRIVATE>),
    at_entry("ms_slave_is_ignored", "MS_SLAVE changes nothing", "mnt/propagation",
             "^mnt/propagation_(slave|recursive|changes|bind|move):", mounts,
             ignore_type<MS_SLAVE>),
    at_entry("ms_shared_is_ignored", "MS_SHARED changes nothing", "mnt/propagation",
             "^mnt/propagation_(shared|slave|recursive|userns|changes|bind|move):", mounts,
             ignore_type<MS_SHARED>),
    at_entry("ms_unbindable_is_ignored", "MS_UNBINDABLE changes nothing", "mnt/propagation",
             "^mnt/propagation_(unbindable|changes|bind|move):", mounts,
             ignore_type<MS_UNBINDABLE>),
    at_entry("ms_rec_is_ignored", "a propagation type with MS_REC is for the top alone",
             "mnt/propagation", "^mnt/propagation_recursive:", mounts, ignore_recursion),
    at_entry("ms_rec_is_implied", "a propagation type is for all mounts below", "mnt/propagation",
             "^mnt/propagation_recursive:", mounts, always_recurse),
    at_exit("private_still_sends", "a mount made private inside still sends its mounts",
            "mnt/propagation", "^mnt/propagation_shared:", looks, outside_reaches<shared_c>),
    at_exit("slave_sends", "a mount below a slave appears outside", "mnt/propagation",
            "^mnt/propagation_slave:", looks, outside_reaches<slave_a>),
    at_exit("slave_sends_umounts", "an umount below a slave is done outside too", "mnt/propagation",
            "^mnt/propagation_slave:", looks, outside_misses<slave_b>),
    at_exit("ms_rec_misses_below", "MS_SLAVE with MS_REC leaves a mount below connected",
            "mnt/propagation", "^mnt/propagation_recursive:", looks, outside_reaches<below_b>),
    at_exit("shared_stays_shared", "mounts are shared with a less privileged namespace",
            "mnt/propagation", "^mnt/propagation_userns:", looks, outside_reaches<nested_a>),
    at_exit("shared_again", "a less privileged namespace can share with the outside again",
            "mnt/propagation", "^mnt/propagation_userns:", looks, outside_reaches<nested_d>),
    at_exit("slaves_read_as_shared", "mountinfo has no slaves", "mnt/propagation",
            "^mnt/propagation_(slave|userns|changes|bind|move):", reads, slaves_are_shared),
    at_exit("shared_read_as_slaves", "mountinfo has no shared mounts", "mnt/propagation",
            "^mnt/propagation_(shared|recursive|changes|bind|move):", reads, shared_are_slaves),
    at_exit("unbindable_is_copied", "a recursive bind takes an unbindable mount along",
            "mnt/propagation", "^mnt/propagation_unbindable:", looks, everybody_reaches<left>),
};

constexpr std::array locked_lies{
    at_exit("locked_is_unmounted", "umount of an inherited mount succeeds", "mnt/locked",
            "^mnt/locked_(mounts|unit):", umounts, succeed<EINVAL>),
    at_exit("locked_is_moved", "MS_MOVE of an inherited mount succeeds", "mnt/locked",
            "^mnt/locked_mounts:", mounts, mount_succeeds<EINVAL, MS_MOVE>),
    at_exit("locked_is_left_out", "a bind mount leaves locked mounts out", "mnt/locked",
            "^mnt/locked_mounts:", mounts, bind_everything),
    at_exit("locked_shows", "what locked mounts cover is reached", "mnt/locked",
            "^mnt/locked_(mounts|unit|detached|new_calls):", looks, everybody_reaches<hidden>),
    at_exit("locked_is_moved_by_move_mount", "move_mount of an inherited mount succeeds",
            "mnt/locked", "^mnt/locked_new_calls:", moves, succeed<EINVAL>),
    at_exit("locked_is_left_out_by_open_tree", "open_tree leaves locked mounts out", "mnt/locked",
            "^mnt/locked_new_calls:", trees, succeed<EINVAL>),
    at_exit("locked_flags_are_remounted", "a remount clears locked flags", "mnt/locked_flags",
            "^mnt/locked_flags_(remount|copy):", mounts, mount_succeeds<EPERM, MS_REMOUNT>),
    at_exit("locked_flags_are_set", "mount_setattr clears locked flags", "mnt/locked_flags",
            "^mnt/locked_flags_setattr:", attributes, succeed<EPERM>),
    at_exit("locked_flags_are_gone", "locked flags are cleared in spite of the refusal",
            "mnt/locked_flags", "^mnt/locked_flags_(remount|setattr):", reads, flags_are_cleared),
};

constexpr std::array file_system_lies{
    at_exit("proc_is_never_too_revealing", "a fresh proc can always be mounted",
            "mnt/too_revealing", "^mnt/proc_too_revealing:", mounts,
            mount_of_type_succeeds<EPERM, proc>),
    at_exit("sysfs_is_never_too_revealing", "a fresh sysfs can always be mounted",
            "mnt/too_revealing", "^mnt/sysfs_too_(revealing|writable):", mounts,
            mount_of_type_succeeds<EPERM, sysfs>),
    at_exit("foreign_file_caps_count", "file capabilities count on every mount", "mnt/suid_foreign",
            "^mnt/file_caps_foreign(_owner)?:", reads, files_give_capabilities),
    at_exit("foreign_setuid_counts", "setuid bits count on every mount", "mnt/suid_foreign",
            "^mnt/setuid_foreign:", reads, files_give_ids),
    at_exit("everybody_makes_devices", "mknod of a device needs no privilege", "mnt/devices",
            "^mnt/device_(nodes|whiteout):", nodes, succeed<EPERM>),
    at_exit("devices_open_everywhere", "a device opens on a tmpfs of a user namespace",
            "mnt/devices", "^mnt/device_open:", opens, devices_open),
    at_exit("every_type_is_for_users", "root of a user namespace mounts every file system",
            "mnt/devices", "^mnt/mount_types:", mounts, mount_of_type_succeeds<EPERM, devtmpfs>),
    at_exit("dotdot_leads_out", "`..` leads out of a bind mount", "mnt/dotdot",
            "^mnt/dotdot:", looks, everybody_reaches<dots>),
    at_exit("dotdot_shows", "a file outside of a bind mount is reached by `..`", "mnt/dotdot",
            "^mnt/dotdot:", looks, everybody_reaches<secret>),
    at_exit("idmapped_shows_the_owner", "an idmapped mount shows owners as they are",
            "mnt/idmapped", "^mnt/idmapped_owners:", stats, owned_by<mapped_file, 1000>),
    at_exit("idmapped_creates_as_root", "an idmapped mount creates with the creator's id",
            "mnt/idmapped", "^mnt/idmapped_owners:", stats, owned_by<new_file, 0>),
    at_exit("idmapped_shows_all_owners", "an idmapped mount shows owners that are not mapped",
            "mnt/idmapped", "^mnt/idmapped_unmapped:", stats, owned_by<unmapped_file, 0>),
    at_exit("everybody_maps", "everybody makes idmapped mounts of every file system",
            "mnt/idmapped", "^mnt/idmapped_privilege:", attributes, succeed<EPERM>),
};

constexpr std::array call_lies{
    at_exit("setns_needs_no_capability", "setns to a mount namespace needs no capability",
            "mnt/setns_mnt", "^mnt/setns_mnt:", joins, succeed<EPERM>),
    at_exit("setns_with_a_shared_fs", "setns works with a shared fs_struct", "mnt/setns_mnt",
            "^mnt/setns_mnt:", joins, succeed<EINVAL>),
    at_exit("setns_keeps_the_root", "setns leaves the root directory", "mnt/setns_mnt",
            "^mnt/setns_mnt:", stats_after_joining, setns_keeps<root>),
    at_exit("setns_keeps_the_directory", "setns leaves the working directory", "mnt/setns_mnt",
            "^mnt/setns_mnt:", stats_after_joining, setns_keeps<here>),
    at_exit("mount_namespaces_hold_themselves", "any mount namespace's file can be bound",
            "mnt/setns_mnt", "^mnt/ns_file_loop:", mounts, bind_everything),
    at_exit("failed_unshare_moves", "a refused unshare leaves the directories in dead mounts",
            "mnt/failed_unshare", "^mnt/failed_unshare:", mounts_after_unshare,
            failed_unshare_moves),
    at_exit("foreign_is_unmounted", "a mount elsewhere is unmounted by a descriptor",
            "mnt/foreign_fd", "^mnt/foreign_mount:", umounts, succeed<EINVAL>),
    at_exit("foreign_is_mounted_on", "a mount elsewhere can be bound, moved and mounted on",
            "mnt/foreign_fd", "^mnt/foreign_mount:", mounts, succeed<EINVAL>),
    at_exit("foreign_is_cloned", "open_tree clones a mount elsewhere", "mnt/foreign_fd",
            "^mnt/foreign_tree:", trees, succeed<EINVAL>),
    at_exit("foreign_is_moved", "move_mount takes a mount from elsewhere", "mnt/foreign_fd",
            "^mnt/foreign_tree:", moves, succeed<EINVAL>),
    at_exit("foreign_is_set", "mount_setattr changes a mount elsewhere", "mnt/foreign_fd",
            "^mnt/foreign_setattr:", attributes, succeed<EINVAL>),
    at_exit("foreign_is_made_private", "propagation is changed by a descriptor from below",
            "mnt/foreign_fd", "^mnt/foreign_propagation:", mounts,
            mount_succeeds<EPERM, MS_PRIVATE>),
    at_exit("foreign_is_a_layer", "an overlay has a layer from another namespace", "mnt/foreign_fd",
            "^mnt/foreign_overlay:", mounts, mount_of_type_succeeds<EINVAL, overlay>),
    at_exit("mounts_have_no_limit", "a full mount namespace takes more mounts", "mnt/mount_max",
            "^mnt/mount_max:", mounts, succeed<ENOSPC>),
    at_exit("statmount_tells_everybody", "statmount knows mounts of other namespaces",
            "mnt/statmount", "^mnt/statmount_foreign:", statmounts, succeed<EPERM>),
    at_exit("statmount_knows_every_id", "statmount knows every mount by its id", "mnt/statmount",
            "^mnt/listmount:", statmounts, succeed<ENOENT>),
    at_exit("listmount_tells_everybody", "listmount lists other namespaces for everybody",
            "mnt/statmount", "^mnt/statmount_foreign:", listmounts, succeed<ENOENT>),
    at_exit("everybody_walks", "NS_MNT_GET_NEXT and NS_MNT_GET_PREV need no privilege",
            "mnt/statmount", "^mnt/mount_namespace_walk:", ioctls, walk_succeeds),
    at_exit("everybody_mounts", "mount needs no privilege", "mnt/mount_privilege",
            "^mnt/mount_privilege:", mounts, succeed<EPERM>),
    at_exit("everybody_unmounts", "umount needs no privilege", "mnt/mount_privilege",
            "^mnt/mount_privilege:", umounts, succeed<EPERM>),
    at_exit("everybody_opens_file_systems", "fsopen needs no privilege", "mnt/mount_privilege",
            "^mnt/mount_privilege_new_calls:", contexts, succeed<EPERM>),
    at_exit("everybody_clones_mounts", "open_tree(OPEN_TREE_CLONE) needs no privilege",
            "mnt/mount_privilege", "^mnt/mount_privilege_new_calls:", trees, succeed<EPERM>),
    at_exit("everybody_moves_mounts", "move_mount needs no privilege", "mnt/mount_privilege",
            "^mnt/mount_privilege_new_calls:", moves, succeed<EPERM>),
};

template <std::size_t... sizes>
constexpr auto joined(const std::array<Lie, sizes>&... parts) {
  std::array<Lie, (sizes + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& part) {
    for (const Lie& lie : part) all[at++] = lie;
  };
  (append(parts), ...);
  return all;
}
constexpr std::array all_mnt_lies =
    joined(view_lies, propagation_lies, locked_lies, file_system_lies, call_lies);

}  // namespace

std::span<const Lie> mnt_lies() { return all_mnt_lies; }

}  // namespace nsbench::selftest
