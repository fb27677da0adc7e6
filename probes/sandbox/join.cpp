#include "probes/sandbox/join.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench {

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

}  // namespace nsbench
