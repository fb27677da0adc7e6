// Where a file is to be written: its directory, held open, and its name in there. The way to it is
// walked link by link, so that nobody who can plant a symbolic link decides what we write to.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

#include "reports/result.h"

namespace nsbench {

// A file descriptor that is closed; the sandbox's Fd lies above this module.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() { close(); }

  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  // False with errno if the kernel says so: some file systems report a failed write only here.
  bool close();

 private:
  int fd_;
};

struct Place {
  OwnedFd directory;                // O_PATH
  std::string name;                 // one component, which is no symbolic link
  struct stat of_directory {};      //
  std::optional<struct stat> what;  // what stands there; nothing: nothing does
  // The name is a link of /proc to an open file that has no path: a pipe, as /dev/stdout may be.
  bool open_file = false;

  // Whether others can put files here that are not theirs to replace: /tmp.
  [[nodiscard]] bool is_shared() const;
};

// Walks `path`. Errors name the path, the component and the errno. Refused (EACCES):
// - in a directory that is sticky and that everybody can write, a symbolic link that is neither the
//   caller's, nor root's, nor the directory's owner's: as the kernel does with
//   fs.protected_symlinks (proc_sys_fs(5));
// - for root, any symbolic link of another user: who owns it decides where it leads, also after it
//   was looked at. Not in a user namespace's root, which can't do more than who made it.
Result<Place> find_place(const std::string& path);

}  // namespace nsbench
