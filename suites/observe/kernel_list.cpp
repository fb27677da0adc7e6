#include "suites/observe/kernel_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

namespace nsbench::observe {
namespace {

// The headers of a distribution may be older than these.
constexpr long number_of_listns = 470;  // on every architecture that nsbench is built for
constexpr int fd_nsfs_root = -10003;    // FD_NSFS_ROOT, include/uapi/linux/fcntl.h
constexpr int fileid_nsfs = 0xf1;       // FILEID_NSFS, include/linux/exportfs.h

// struct nsfs_file_handle of include/uapi/linux/nsfs.h behind the head of a file_handle. Who makes
// one may leave the inode number out.
struct Handle {
  unsigned bytes = 16;
  int type = fileid_nsfs;
  std::uint64_t ns_id = 0;
  std::uint32_t ns_type = 0;
  std::uint32_t ns_inum = 0;
};

std::uint32_t type_of(Kind kind) { return static_cast<std::uint32_t>(row(kind).flag); }

int open_by_id(Kind kind, std::uint64_t id) {
  Handle handle{.ns_id = id, .ns_type = type_of(kind)};
  return ::open_by_handle_at(fd_nsfs_root, reinterpret_cast<file_handle*>(&handle),
                             O_RDONLY | O_CLOEXEC);
}

// Those of one kind, a page after the other.
Status list_kind(const ListCalls& calls, Kind kind, std::vector<Listed>& all) {
  std::array<std::uint64_t, 512> ids{};
  ListRequest request{.ns_type = type_of(kind)};
  for (;;) {
    const long got = calls.list(request, ids.data(), ids.size());
    // What the last page ended with may have been the last one: ENOENT then.
    if (got < 0 && errno == ENOENT && request.ns_id != 0) return {};
    if (got < 0) return Error::last(fmt::format("listns({})", row(kind).flag_name));
    const auto count = static_cast<std::size_t>(got);
    if (count > ids.size()) return Error{fmt::format("listns answers {} of 512 ids", got)};
    for (const std::uint64_t id : std::span(ids).first(count)) {
      // By this it ends, whatever the kernel says.
      if (id <= request.ns_id) return Error{"listns lists ids that don't grow"};
      request.ns_id = id;
      all.push_back({.kind = kind, .id = id});
    }
    if (count < ids.size()) return {};
  }
}

}  // namespace

ListCalls list_calls_of_kernel() {
  return {
      .list = [](const ListRequest& request, std::uint64_t* ids,
                 std::size_t size) { return ::syscall(number_of_listns, &request, ids, size, 0); },
      .open = open_by_id};
}

Result<std::vector<Listed>> listed_by_kernel(const ListCalls& calls) {
  std::vector<Listed> all;
  for (const KindRow& kind : all_kinds) {
    const Status listed = list_kind(calls, kind.kind, all);
    // A kernel that was built without this kind.
    if (!listed && listed.error().err == EOPNOTSUPP) continue;
    if (!listed) return listed.error();
  }
  return all;
}

}  // namespace nsbench::observe
