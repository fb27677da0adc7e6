#include "reports/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <random>

#include "reports/place.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

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

// Until it ends, no signal that can be held back ends the process: what is half done here would
// leave a file with a name that nobody knows.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Devices, FIFOs: what is there stays there.
Status write_in_place(const Place& place, const std::string& path, std::string_view text) {
  const int follow = place.open_file ? 0 : O_NOFOLLOW;
  OwnedFd file(::openat(place.directory.get(), place.name.c_str(),
                        O_WRONLY | O_CLOEXEC | O_NOCTTY | follow));
  if (!file.ok()) return failed("open", path);
  if (Status status = write_all(file.get(), text, path); !status) return status;
  if (!file.close()) return failed("close", path);
  return {};
}

// Makes the new name itself durable. Not every file system can sync a directory (EINVAL), and one
// that may not be listed can't be opened for it.
Status sync_directory(const Place& place, const std::string& path) {
  const OwnedFd directory(::openat(place.directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() && errno == EACCES) return {};
  if (!directory.ok()) return failed("open", path + "/..");
  if (::fsync(directory.get()) != 0 && errno != EINVAL) return failed("fsync", path + "/..");
  return {};
}

constexpr mode_t mode_of_new = 0644;  // less what the umask takes away

// The umask also where a kernel before 6.0 forgets it for a file without a name.
Status restrict_new(int fd, const std::string& path) {
  const mode_t mask = ::umask(077);
  ::umask(mask);
  struct stat made {};
  if (::fstat(fd, &made) != 0) return failed("fstat", path);
  if ((made.st_mode & mask) == 0) return {};
  return ::fchmod(fd, made.st_mode & mode_of_new & ~mask) == 0 ? Status() : failed("fchmod", path);
}

// As what it replaces: never with set-user-ID bits, which would be of other content, and where
// anybody can put a file, not as somebody's who may have put it there for us.
Status take_after(const Place& place, int fd, const std::string& path) {
  const struct stat& old = *place.what;
  const bool is_trusted = old.st_uid == ::geteuid() || old.st_uid == place.of_directory.st_uid;
  if (place.is_shared() && !is_trusted) return restrict_new(fd, path);
  // As root the old owner is kept; anybody else may only make files of their own (EPERM), and a
  // user namespace's root none of ids that it does not map (EINVAL).
  if (::fchown(fd, old.st_uid, old.st_gid) != 0 && errno != EPERM && errno != EINVAL) {
    return failed("fchown", path);
  }
  return ::fchmod(fd, old.st_mode & 0777U) == 0 ? Status() : failed("fchmod", path);
}

Status fill(const Place& place, int fd, std::string_view text, const std::string& path) {
  Status status = place.what ? take_after(place, fd, path) : restrict_new(fd, path);
  if (status) status = write_all(fd, text, path);
  if (status && ::fsync(fd) != 0) status = failed("fsync", path);
  return status;
}

std::string random_name(const std::string& name) {
  std::random_device random;
  return fmt::format("{}.{:08x}{:08x}.tmp", name, random(), random());
}

Status rename_over(const Place& place, const std::string& temporary, const std::string& path) {
  const int directory = place.directory.get();
  if (::renameat(directory, temporary.c_str(), directory, place.name.c_str()) == 0) return {};
  const Error error = failed("rename", path);
  ::unlinkat(directory, temporary.c_str(), 0);
  return error;
}

// Gives a file without a name one. By its descriptor, which is for root and Linux 6.10 alone; else
// by its name in /proc.
bool give_name(int fd, const Place& place, const std::string& name) {
  const int directory = place.directory.get();
  if (::linkat(fd, "", directory, name.c_str(), AT_EMPTY_PATH) == 0) return true;
  if (errno == EEXIST) return false;
  const std::string by_proc = fmt::format("/proc/self/fd/{}", fd);
  return ::linkat(AT_FDCWD, by_proc.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// The usual way: a file that has no name until it is whole, so that a process that is killed leaves
// nothing. Nothing is answered where the file system or the kernel has no such files.
std::optional<Status> replace_unnamed(const Place& place, std::string_view text,
                                      const std::string& path) {
  OwnedFd file(::openat(place.directory.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode_of_new));
  if (!file.ok()) {
    const bool none = errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT ||
                      errno == EINVAL || errno == ENOSYS;
    return none ? std::nullopt : std::optional<Status>(failed("open", path));
  }
  if (Status filled = fill(place, file.get(), text, path); !filled) return filled;
  if (!place.what) {
    if (give_name(file.get(), place, place.name)) return Status();
    if (errno != EEXIST) return std::nullopt;
  }
  const SignalsHeld quiet;
  const std::string temporary = random_name(place.name);
  if (!give_name(file.get(), place, temporary)) return std::nullopt;
  return rename_over(place, temporary, path);
}

// Under a random name, and renamed when it is whole.
Status replace_named(const Place& place, std::string_view text, const std::string& path) {
  const SignalsHeld quiet;
  const std::string temporary = random_name(place.name);
  OwnedFd file(::openat(place.directory.get(), temporary.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_of_new));
  if (!file.ok()) return failed("open", path);
  Status status = fill(place, file.get(), text, path);
  if (status && !file.close()) status = failed("close", path);
  if (status) return rename_over(place, temporary, path);
  ::unlinkat(place.directory.get(), temporary.c_str(), 0);
  return status;
}

// What root appends to is not to be a second name that a user gave to a file of somebody else's.
Status check_appended(const OwnedFd& file, const std::string& path) {
  struct stat what {};
  if (::fstat(file.get(), &what) != 0) return failed("fstat", path);
  if (::geteuid() != 0 || !S_ISREG(what.st_mode) || what.st_nlink < 2) return {};
  return Error{fmt::format("'{}' has {} names: root appends to no such file", printable(path),
                           what.st_nlink),
               EACCES};
}

void wait_for_input(int fd) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  static_cast<void>(::poll(&wait, 1, -1));
}

}  // namespace

Status write_file(const std::string& path, std::string_view text) {
  if (path == "-") return write_all(STDOUT_FILENO, text, "standard output");
  const Result<Place> place = find_place(path);
  if (!place) return place.error();
  if (place->what && S_ISDIR(place->what->st_mode)) {
    return Error{fmt::format("open('{}')", printable(path)), EISDIR};
  }
  if (place->open_file || (place->what && !S_ISREG(place->what->st_mode))) {
    return write_in_place(*place, path, text);
  }
  const std::optional<Status> unnamed = replace_unnamed(*place, text, path);
  if (Status status = unnamed ? *unnamed : replace_named(*place, text, path); !status) {
    return status;
  }
  return sync_directory(*place, path);
}

Status append_file(const std::string& path, std::string_view text) {
  const Result<Place> place = find_place(path);
  if (!place) return place.error();
  const int follow = place->open_file ? 0 : O_NOFOLLOW;
  OwnedFd file(::openat(place->directory.get(), place->name.c_str(),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | follow,
                        mode_of_new));
  if (!file.ok()) return failed("open", path);
  if (Status fine = check_appended(file, path); !fine) return fine;
  if (Status status = write_all(file.get(), text, path); !status) return status;
  if (!file.close()) return failed("close", path);
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // Without O_NONBLOCK the opening of a FIFO that nobody writes to would never return.
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.ok()) return failed("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("fstat", path);
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
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      wait_for_input(file.get());
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
