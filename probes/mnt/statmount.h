// statmount(2), listmount(2) and the ioctls of mount namespaces, which the C library's headers may
// be older than. Source: include/uapi/linux/mount.h, include/uapi/linux/nsfs.h.
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nsbench::probes {

// The unique id (since 6.8) of the mount that a path leads to; 0 and errno if it can't be told.
std::uint64_t mount_id(const std::string& path);

// The mount point of a mount as statmount has it, in the caller's namespace or, since 6.12, in the
// one with the id given: its errno, or 0.
struct MountPoint {
  int err = 0;
  std::string path;
};
MountPoint stat_mount(std::uint64_t mount, std::uint64_t mount_namespace = 0);

// The ids of the mounts below the root, likewise.
struct MountList {
  int err = 0;
  std::vector<std::uint64_t> mounts;
  [[nodiscard]] bool has(std::uint64_t mount) const;
};
MountList list_mounts(std::uint64_t mount_namespace = 0);

// struct mnt_ns_info.
struct MountNamespaceInfo {
  std::uint32_t size = 16;
  std::uint32_t mounts = 0;
  std::uint64_t id = 0;
};
static_assert(sizeof(MountNamespaceInfo) == 16);

inline constexpr unsigned nsfs_ioctl = 0xb7;  // NSIO
inline constexpr unsigned long get_mount_namespace_id = _IOR(nsfs_ioctl, 5, std::uint64_t);
inline constexpr unsigned long get_info = _IOR(nsfs_ioctl, 10, MountNamespaceInfo);
inline constexpr unsigned long get_next = _IOR(nsfs_ioctl, 11, MountNamespaceInfo);
inline constexpr unsigned long get_previous = _IOR(nsfs_ioctl, 12, MountNamespaceInfo);

// The id of the caller's mount namespace (NS_GET_MNTNS_ID, since 6.11), or of that of a process.
std::uint64_t mount_namespace_id(const std::string& pid = "self");

}  // namespace nsbench::probes
