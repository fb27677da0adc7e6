#include "probes/mnt/statmount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "probes/sandbox/fd.h"

#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif

namespace nsbench::probes {

namespace {

constexpr unsigned unique_id = 0x4000;                  // STATX_MNT_ID_UNIQUE
constexpr std::uint64_t with_point = 0x10;              // STATMOUNT_MNT_POINT
constexpr std::uint64_t from_root = ~std::uint64_t{0};  // LSMT_ROOT
constexpr std::size_t most_mounts = 4096;

// struct mnt_id_req. The last member came with 6.11, and without it the older size does.
struct Request {
  std::uint32_t size = 24;
  std::uint32_t spare = 0;
  std::uint64_t mount = 0;
  std::uint64_t parameter = 0;
  std::uint64_t mount_namespace = 0;
};
constexpr std::uint32_t size_with_namespace = 32;

Request request(std::uint64_t mount, std::uint64_t parameter, std::uint64_t mount_namespace) {
  Request made{.mount = mount, .parameter = parameter, .mount_namespace = mount_namespace};
  if (mount_namespace != 0) made.size = size_with_namespace;
  return made;
}

// struct statmount, as far as it is asked for here; texts are offsets into what follows it.
struct Answer {
  std::array<char, 108> before{};
  std::uint32_t mount_point = 0;
  std::array<char, 400> behind{};
  std::array<char, 4096> texts{};
};
static_assert(offsetof(Answer, texts) == 512);

}  // namespace

std::uint64_t mount_id(const std::string& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, unique_id, &info) != 0) return 0;
  if ((info.stx_mask & unique_id) != 0) return info.stx_mnt_id;
  errno = ENOSYS;
  return 0;
}

MountPoint stat_mount(std::uint64_t mount, std::uint64_t mount_namespace) {
  const Request made = request(mount, with_point, mount_namespace);
  Answer answer;
  if (::syscall(SYS_statmount, &made, &answer, sizeof answer, 0) != 0) return {errno, ""};
  if (answer.mount_point >= answer.texts.size()) return {EOVERFLOW, ""};
  // Up to its NUL, or where there is none, to the end of what we have.
  const std::string_view text(answer.texts.data() + answer.mount_point,
                              answer.texts.size() - answer.mount_point);
  return {0, std::string(text.substr(0, text.find('\0')))};
}

bool MountList::has(std::uint64_t mount) const {
  return std::find(mounts.begin(), mounts.end(), mount) != mounts.end();
}

MountList list_mounts(std::uint64_t mount_namespace) {
  const Request made = request(from_root, 0, mount_namespace);
  MountList list;
  list.mounts.resize(most_mounts);
  const long found = ::syscall(SYS_listmount, &made, list.mounts.data(), most_mounts, 0);
  const bool fits = found >= 0 && static_cast<std::size_t>(found) <= most_mounts;
  list.err = found < 0 ? errno : fits ? 0 : EOVERFLOW;
  list.mounts.resize(fits ? static_cast<std::size_t>(found) : 0);
  return list;
}

std::uint64_t mount_namespace_id(const std::string& pid) {
  const Fd file(::open(("/proc/" + pid + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  std::uint64_t id = 0;
  return ::ioctl(file.get(), get_mount_namespace_id, &id) == 0 ? id : 0;
}

}  // namespace nsbench::probes
