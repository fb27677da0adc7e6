// Writing the archive that a kernel unpacks as its first root: cpio's "newc" format
// (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::kernel {

// Everything is root's, dated 1970 and numbered in the order of writing: the same calls make the
// same bytes. Names are paths in the new root ("/dev/console"). Errors name the path: one that is
// not plain, was written before, or lies in a directory that was not (the kernel would leave it out
// without a word); more bytes than the format's 8 digits can tell. A writer that failed is not to
// be used further.
class CpioWriter {
 public:
  // `mode`: the permissions, 0755.
  Status directory(std::string_view path, unsigned mode);
  Status file(std::string_view path, unsigned mode, std::string_view bytes);
  Status character_device(std::string_view path, unsigned mode, unsigned major, unsigned minor);
  Status symlink(std::string_view path, std::string_view target);
  // Makes those directories above `path` that are not there yet, as 0755.
  Status directories_above(std::string_view path);

  // The archive, ended.
  std::string finish() &&;

 private:
  struct Entry;
  Status add(const Entry& entry);
  void write(const Entry& entry);

  std::string bytes_;
  std::uint32_t inode_ = 0;
  std::set<std::string, std::less<>> paths_;
  std::set<std::string, std::less<>> directories_;
};

}  // namespace nsbench::kernel
