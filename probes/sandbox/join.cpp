#include "probes/sandbox/join.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench {

namespace {

// To join one's own user namespace is an error (setns(2)), of other kinds it does nothing.
Result<NamespaceSet> differing(NamespaceSet set, const std::string& dir) {
  NamespaceSet found;
  for (const Kind kind : set.kinds()) {
    const Result<std::string> own = read_link(fmt::format("/proc/self/ns/{}", row(kind).name));
    if (!own && own.error().err == ENOENT) continue;  // a kernel without this kind
    const Result<std::string> theirs = read_link(fmt::format("{}/ns/{}", dir, row(kind).name));
    if (!theirs) return theirs.error();
    if (own && *own != *theirs) found = found | NamespaceSet{kind};
  }
  return found;
}

}  // namespace

Status join_by_pidfd(NamespaceSet set, int pidfd) {
  if (set.empty()) return {};
  if (calls::setns(pidfd, set.flags()) != 0) {
    return Error::last(fmt::format("setns(pidfd, {})", set.flag_names()));
  }
  return {};
}

Status join_by_descriptors(NamespaceSet set, const std::string& dir, const std::string& name) {
  // Afterwards /proc may be another one.
  std::vector<std::pair<Kind, Fd>> targets;
  for (Kind kind : set.kinds()) {
    const std::string path = fmt::format("{}/ns/{}", dir, row(kind).name);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Error::last(fmt::format("open({}/ns/{})", name, row(kind).name));
    targets.emplace_back(kind, std::move(fd));
  }
  for (const auto& [kind, fd] : targets) {
    if (calls::setns(fd.get(), row(kind).flag) != 0) {
      return Error::last(fmt::format("setns(fd, {})", row(kind).flag_name));
    }
  }
  return {};
}

Result<NamespaceSet> join_process(NamespaceSet set, pid_t pid) {
  const std::string dir = fmt::format("/proc/{}", pid);
  // Without it nothing would differ, and nothing be joined.
  const Result<std::string> self = read_link("/proc/self");
  if (!self) return self.error();
  // The number is what /proc says, which may be of another pid namespace than this process is in:
  // a pidfd by this number would be another process's.
  const bool is_foreign = *self != std::to_string(::getpid());
  const Fd pidfd(is_foreign ? -1 : calls::pidfd_open(pid));
  if (!pidfd.valid() && !is_foreign && errno == ESRCH) {
    return Error{fmt::format("there is no process {}", pid)};
  }
  const Result<NamespaceSet> wanted = differing(set, dir);
  if (!wanted) {
    // A process that has ended and is not reaped yet is in none.
    const Result<std::string> status = read_small_file(dir + "/status");
    if (status && trimmed(field_of(*status, "State")).starts_with("Z")) {
      return Error{fmt::format("process {} has ended (a zombie)", pid)};
    }
    return wanted.error();
  }
  // Kernels before 5.8 know no pidfd here, and before 5.3 none at all.
  Status joined = pidfd.valid() ? join_by_pidfd(*wanted, pidfd.get()) : Error{"", EINVAL};
  if (!joined && (joined.error().err == EINVAL || joined.error().err == EBADF)) {
    joined = join_by_descriptors(*wanted, dir, dir);
  }
  if (!joined) return joined.error();
  return *wanted;
}

}  // namespace nsbench
