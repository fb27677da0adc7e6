// The namespaces as the kernel itself lists them: those too that no file of /proc leads to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "probes/sandbox/fd.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench::observe {

// struct ns_id_req of include/uapi/linux/nsfs.h, in its first version.
struct ListRequest {
  std::uint32_t size = 32;  // of this struct
  std::uint32_t spare = 0;
  std::uint64_t ns_id = 0;    // the list goes on behind this one; 0: it starts
  std::uint32_t ns_type = 0;  // CLONE_NEW*
  std::uint32_t spare2 = 0;
  std::uint64_t user_ns_id = 0;  // 0: whoever owns them
};
static_assert(sizeof(ListRequest) == 32);

// The two system calls behind it. A test puts others in their place.
struct ListCalls {
  // listns(2), since 6.19: writes up to `size` ids that grow; how many, or -1 and errno.
  std::function<long(const ListRequest& request, std::uint64_t* ids, std::size_t size)> list;
  // open_by_handle_at(2) of the namespace of this kind with this id (NS_GET_ID); a descriptor that
  // is the caller's, or -1 and errno.
  std::function<int(Kind kind, std::uint64_t id)> open;
};
ListCalls list_calls_of_kernel();

struct Listed {
  Kind kind = Kind::User;
  std::uint64_t id = 0;  // of NS_GET_ID, not the inode number; never given to another one
};
// All that the kernel lists to the caller: root of the first user and pid namespace is told of all
// that are in use or held open, others of those that they are in. An Error: the kernel has no
// listns (ENOSYS), a filter refuses it, or it answers what makes no sense.
Result<std::vector<Listed>> listed_by_kernel(const ListCalls& calls);

}  // namespace nsbench::observe
