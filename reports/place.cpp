#include "reports/place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "reports/printable.h"

namespace nsbench {

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

bool OwnedFd::close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

namespace {

bool is_sticky_and_open(const struct stat& directory) {
  return (directory.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
}

// Its map is of one line, each id to itself (user_namespaces(7)). Where it can't be read, yes: the
// stricter answer.
bool in_first_user_namespace() {
  std::ifstream map("/proc/self/uid_map");
  std::int64_t inside = 0, outside = 0, length = 0;
  constexpr std::int64_t all = 4294967295;
  return !(map >> inside >> outside >> length) || (inside == 0 && outside == 0 && length == all);
}

class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path), rest_(path) {}

  Result<Place> go() {
    if (rest_.empty()) return Error{"open('')", ENOENT};
    if (Status begun = begin(); !begun) return begun.error();
    for (;;) {
      const bool slash_behind = take_component();
      if (name_.empty()) return failed(EISDIR);  // "/" alone
      OwnedFd entry(::openat(directory_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!entry.ok()) {
        if (errno != ENOENT || !rest_.empty()) return failed(errno);
        if (slash_behind) return failed(EISDIR);
        return here(std::nullopt);
      }
      struct stat what {};
      if (::fstat(entry.get(), &what) != 0) return failed(errno);
      if (S_ISLNK(what.st_mode)) {
        if (Status fine = check_link(what); !fine) return fine.error();
        const Result<bool> followed = follow(entry, slash_behind);
        if (!followed) return followed.error();
        if (!*followed) return open_file();
        continue;
      }
      if (rest_.empty() && !slash_behind) return here(what);
      if (!S_ISDIR(what.st_mode)) return failed(ENOTDIR);
      if (rest_.empty()) return failed(EISDIR);
      directory_ = std::move(entry);
    }
  }

 private:
  [[nodiscard]] Error failed(int err) const {
    return Error{fmt::format("open('{}')", printable(path_)), err};
  }

  // At the root or where we are.
  Status begin() {
    const char* const start = rest_.front() == '/' ? "/" : ".";
    directory_ = OwnedFd(::open(start, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory_.ok()) return failed(errno);
    return {};
  }

  // The next component, and whether slashes follow it; what is behind these stays in rest_.
  bool take_component() {
    rest_.erase(0, rest_.find_first_not_of('/'));
    const std::size_t slash = rest_.find('/');
    name_ = rest_.substr(0, slash);
    rest_.erase(0, slash);
    const bool slash_behind = !rest_.empty();
    rest_.erase(0, rest_.find_first_not_of('/'));
    return slash_behind;
  }

  // Whose link it is, and where.
  [[nodiscard]] Status check_link(const struct stat& link) const {
    struct stat in {};
    if (::fstat(directory_.get(), &in) != 0) return failed(errno);
    const uid_t us = ::geteuid();
    if (link.st_uid == us || link.st_uid == 0) return {};
    const bool planted = is_sticky_and_open(in) && link.st_uid != in.st_uid;
    if (!planted && (us != 0 || !in_first_user_namespace())) return {};
    return Error{
        fmt::format("'{}': '{}' in it is a symbolic link of user {}, which {} must not "
                    "follow",
                    printable(path_), printable(name_), link.st_uid, us == 0 ? "root" : "others"),
        EACCES};
  }

  // Puts the link's target in its place; false if that is an open file without a path.
  Result<bool> follow(const OwnedFd& link, bool slash_behind) {
    constexpr int most = 40;  // as the kernel (path_resolution(7))
    if (++links_ > most) return failed(ELOOP);
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(link.get(), "", target.data(), target.size());
    if (length <= 0) return failed(length < 0 ? errno : ENOENT);
    const std::string to(target.data(), static_cast<std::size_t>(length));
    if (rest_.empty() && !slash_behind && is_of_proc(link) && !leads_to_itself(to)) return false;
    rest_ = to + (slash_behind ? "/" : "") + rest_;
    if (to.front() != '/') return true;
    directory_ = OwnedFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory_.ok()) return failed(errno);
    return true;
  }

  static bool is_of_proc(const OwnedFd& link) {
    struct statfs system {};
    return ::fstatfs(link.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
  }

  // /proc/self -> 123 is a link as any other; /proc/self/fd/1 -> "pipe:[456]" is none, nor is one
  // to a file whose name is gone.
  [[nodiscard]] bool leads_to_itself(const std::string& target) const {
    struct stat followed {};
    struct stat named {};
    if (::fstatat(directory_.get(), name_.c_str(), &followed, 0) != 0) return true;
    return ::fstatat(directory_.get(), target.c_str(), &named, 0) == 0 &&
           followed.st_dev == named.st_dev && followed.st_ino == named.st_ino;
  }

  Result<Place> here(const std::optional<struct stat>& what) {
    Place place;
    place.name = name_;
    place.what = what;
    if (::fstat(directory_.get(), &place.of_directory) != 0) return failed(errno);
    place.directory = std::move(directory_);
    return place;
  }

  Result<Place> open_file() {
    struct stat followed {};
    if (::fstatat(directory_.get(), name_.c_str(), &followed, 0) != 0) return failed(errno);
    Result<Place> place = here(followed);
    if (place) place->open_file = true;
    return place;
  }

  const std::string& path_;
  std::string rest_;
  std::string name_;
  OwnedFd directory_;
  int links_ = 0;
};

}  // namespace

bool Place::is_shared() const { return is_sticky_and_open(of_directory); }

Result<Place> find_place(const std::string& path) { return Walk(path).go(); }

}  // namespace nsbench
