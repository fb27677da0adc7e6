// What keeps a user namespace from a /proc or /sys of its own: a container's parts of them are
// mounted over or read-only, and the kernel lets nobody uncover them by a fresh mount
// (user_namespaces(7); fs/namespace.c mount_too_revealing()).
#pragma once

#include <string>
#include <string_view>

namespace nsbench {

struct Masks {
  std::string proc, sys;            // what is mounted over, or "/sys is read-only"; empty: nothing
  bool proc_sys_read_only = false;  // no sysctl can be written: EROFS

  // Out of /proc/self/mountinfo; nothing is known without one.
  static Masks of(std::string_view mountinfo);
  // Of this process when it was first asked.
  static const Masks& here();
};

}  // namespace nsbench
