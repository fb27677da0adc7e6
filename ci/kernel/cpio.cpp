#include "ci/kernel/cpio.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstddef>
#include <limits>

#include "reports/printable.h"

namespace nsbench::kernel {

struct CpioWriter::Entry {
  std::string_view path;  // without the '/' it began with
  unsigned mode = 0;      // with the file's type
  std::string_view bytes;
  unsigned links = 1;
  unsigned major = 0;
  unsigned minor = 0;
};

namespace {

constexpr std::string_view trailer = "TRAILER!!!";

std::string_view without_root(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool is_plain(std::string_view path) {
  constexpr std::size_t longest = 4095;  // PATH_MAX, with its NUL byte
  if (path.empty() || path.size() > longest || path == trailer) return false;
  if (path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.size() - 1) return false;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return true;
}

Error refused(std::string_view path, std::string_view why) {
  return Error{fmt::format("initramfs: '/{}' {}", printable(path, 200), why)};
}

void pad(std::string& bytes) { bytes.resize((bytes.size() + 3) / 4 * 4); }

}  // namespace

void CpioWriter::write(const Entry& entry) {
  constexpr unsigned zero = 0;
  const bool is_trailer = entry.path == trailer;
  bytes_ += "070701";
  // c_ino c_mode c_uid c_gid c_nlink c_mtime c_filesize c_maj c_min c_rmaj c_rmin c_namesize
  // c_chksum
  for (const std::size_t field :
       {std::size_t{is_trailer ? zero : ++inode_}, std::size_t{entry.mode}, std::size_t{zero},
        std::size_t{zero}, std::size_t{entry.links}, std::size_t{zero}, entry.bytes.size(),
        std::size_t{zero}, std::size_t{zero}, std::size_t{entry.major}, std::size_t{entry.minor},
        entry.path.size() + 1, std::size_t{zero}}) {
    bytes_ += fmt::format("{:08X}", field);
  }
  bytes_ += entry.path;
  bytes_ += '\0';
  pad(bytes_);
  bytes_ += entry.bytes;
  pad(bytes_);
}

Status CpioWriter::add(const Entry& entry) {
  if (!is_plain(entry.path)) return refused(entry.path, "is not a plain path");
  if (paths_.contains(entry.path)) return refused(entry.path, "is written twice");
  const std::string_view parent = parent_of(entry.path);
  if (!parent.empty() && !directories_.contains(parent)) {
    return refused(entry.path, "lies in a directory that is not there");
  }
  if (entry.bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    return refused(entry.path, fmt::format("has {} bytes, more than a cpio archive can hold",
                                           entry.bytes.size()));
  }
  paths_.emplace(entry.path);
  if (S_ISDIR(entry.mode)) directories_.emplace(entry.path);
  write(entry);
  return {};
}

Status CpioWriter::directory(std::string_view path, unsigned mode) {
  return add({.path = without_root(path), .mode = S_IFDIR | (mode & 07777U), .links = 2});
}

Status CpioWriter::file(std::string_view path, unsigned mode, std::string_view bytes) {
  return add({.path = without_root(path), .mode = S_IFREG | (mode & 07777U), .bytes = bytes});
}

Status CpioWriter::character_device(std::string_view path, unsigned mode, unsigned major,
                                    unsigned minor) {
  return add({.path = without_root(path),
              .mode = S_IFCHR | (mode & 07777U),
              .major = major,
              .minor = minor});
}

Status CpioWriter::symlink(std::string_view path, std::string_view target) {
  if (target.empty() || target.find('\0') != std::string_view::npos) {
    return refused(without_root(path), "is a symbolic link to nothing that a path can be");
  }
  return add({.path = without_root(path), .mode = S_IFLNK | 0777U, .bytes = target});
}

Status CpioWriter::directories_above(std::string_view path) {
  path = without_root(path);
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    const std::string_view above = path.substr(0, at);
    if (directories_.contains(above)) continue;
    if (Status status = directory(above, 0755); !status) return status;
  }
  return {};
}

std::string CpioWriter::finish() && {
  write({.path = trailer});
  return std::move(bytes_);
}

}  // namespace nsbench::kernel
