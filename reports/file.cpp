#include "reports/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>

#include "reports/printable.h"

namespace nsbench {
namespace {

// An open file of this module; the sandbox's Fd lies above it.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  // Some file systems report a failed write only here.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

Error failed(std::string_view what, const std::string& path) {
  return Error::last(fmt::format("{}('{}')", what, printable(path)));
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Devices, FIFOs: what is there stays there.
Status write_in_place(const std::string& path, std::string_view text) {
  File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.ok()) return failed("open", path);
  if (Status status = write_all(file.fd(), text, path); !status) return status;
  if (!file.close()) return failed("close", path);
  return {};
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A symbolic link stays one: the file that it names is what is replaced.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : path;
}

// Makes the renaming itself durable. Not every file system can sync a directory (EINVAL).
Status sync_directory(const std::string& path) {
  const File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return failed("open", path);
  if (::fsync(directory.fd()) != 0 && errno != EINVAL) return failed("fsync", path);
  return {};
}

Status fill(int fd, const struct stat* replaced, std::string_view text, const std::string& path) {
  if (replaced != nullptr) {
    // As root the old owner is kept; anybody else may only make files of their own.
    if (::fchown(fd, replaced->st_uid, replaced->st_gid) != 0 && errno != EPERM) {
      return failed("fchown", path);
    }
    if (::fchmod(fd, replaced->st_mode & 07777U) != 0) return failed("fchmod", path);
  }
  if (Status status = write_all(fd, text, path); !status) return status;
  if (::fsync(fd) != 0) return failed("fsync", path);
  return {};
}

Status replace(const std::string& path, const struct stat* replaced, std::string_view text) {
  std::random_device random;
  const std::string temporary = fmt::format("{}.{:08x}.tmp", path, random());
  // 0666: the umask decides, as for any file that is written.
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.ok()) return failed("open", temporary);
  Status status = fill(file.fd(), replaced, text, temporary);
  if (status && !file.close()) status = failed("close", temporary);
  if (status && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = Error::last(fmt::format("rename('{}', '{}')", printable(temporary), printable(path)));
  }
  if (!status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(directory_of(path));
}

void wait_for_input(int fd) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  static_cast<void>(::poll(&wait, 1, -1));
}

}  // namespace

Status write_file(const std::string& path, std::string_view text) {
  if (path == "-") return write_all(STDOUT_FILENO, text, "standard output");
  struct stat existing {};
  if (::stat(path.c_str(), &existing) != 0) {
    if (errno != ENOENT) return failed("stat", path);
    return replace(path, nullptr, text);
  }
  if (!S_ISREG(existing.st_mode)) return write_in_place(path, text);
  return replace(resolved(path), &existing, text);
}

Status append_file(const std::string& path, std::string_view text) {
  File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666));
  if (!file.ok()) return failed("open", path);
  if (Status status = write_all(file.fd(), text, path); !status) return status;
  if (!file.close()) return failed("close", path);
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // Without O_NONBLOCK the opening of a FIFO that nobody writes to would never return.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.ok()) return failed("open", path);
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return failed("fstat", path);
  if (S_ISDIR(status.st_mode)) return Error{fmt::format("'{}' is a directory", printable(path))};
  const auto too_large = [&] {
    return Error{fmt::format("'{}' is larger than {} bytes", printable(path), limit)};
  };
  const bool regular = S_ISREG(status.st_mode);
  if (regular && static_cast<std::uint64_t>(status.st_size) > limit) return too_large();
  std::string text;
  if (regular) text.reserve(static_cast<std::size_t>(status.st_size));
  std::string buffer(1U << 16U, '\0');
  for (;;) {
    const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      wait_for_input(file.fd());
      continue;
    }
    if (got < 0) return failed("read", path);
    if (got == 0 && text.empty() && S_ISFIFO(status.st_mode)) {
      return Error{fmt::format("'{}' is a pipe that nobody writes to", printable(path))};
    }
    if (got == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(got));
    if (text.size() > limit) return too_large();
  }
}

}  // namespace nsbench
