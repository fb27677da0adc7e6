#include "probes/sandbox/own_namespaces.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace nsbench {

OwnNamespaces OwnNamespaces::look(NamespaceSet kinds) {
  OwnNamespaces own;
  own.kinds_ = kinds;
  for (const Kind kind : kinds.kinds()) {
    struct stat info {};
    const std::string path = fmt::format("/proc/self/ns/{}", row(kind).name);
    if (::stat(path.c_str(), &info) != 0) continue;
    own.inodes_.at(static_cast<std::size_t>(kind)) = info.st_ino;
  }
  return own;
}

NamespaceSet OwnNamespaces::unchanged() const {
  const OwnNamespaces now = look(kinds_);
  NamespaceSet same;
  for (const Kind kind : kinds_.kinds()) {
    const auto place = static_cast<std::size_t>(kind);
    if (inodes_.at(place) != 0 && inodes_.at(place) == now.inodes_.at(place)) {
      same = same | NamespaceSet{kind};
    }
  }
  return same;
}

Status OwnNamespaces::all_changed_by(std::string_view call) const {
  const NamespaceSet same = unchanged();
  if (same.empty()) return {};
  const Kind first = same.kinds().front();
  return Error{fmt::format("{}({}): no new namespace, still in {}:[{}]", call, same.flag_names(),
                           row(first).name, inodes_.at(static_cast<std::size_t>(first)))};
}

}  // namespace nsbench
