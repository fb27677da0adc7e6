// Which namespaces a process is in, as /proc/self/ns tells: to find out that a call which should
// have made new ones did not.
#pragma once

#include <sys/types.h>

#include <array>

#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench {

// Looked at before the call, and compared in the process that the call made or moved. It is needed
// where something must not happen in the old namespaces. What can't be looked at, for want of a
// /proc, is taken for changed.
class OwnNamespaces {
 public:
  static OwnNamespaces look(NamespaceSet kinds);

  // Those of the kinds that are the same still.
  [[nodiscard]] NamespaceSet unchanged() const;
  // An Error if there is one: "clone(CLONE_NEWNS): no new namespace, still in mnt:[4026531841]".
  [[nodiscard]] Status all_changed_by(std::string_view call) const;

 private:
  NamespaceSet kinds_;
  std::array<ino_t, all_kinds.size()> inodes_{};  // by Kind; 0: not known
};

}  // namespace nsbench
