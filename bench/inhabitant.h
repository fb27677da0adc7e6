// The only process inside of namespaces that are about to be dropped.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::bench {

// A child made by clone3, like a fork, that waits until it is let go. It does system calls and
// nothing else, so leave_heap_out_of_children() (footprint.h) may come before.
class Inhabitant {
 public:
  Status prepare();
  // Makes it inside new namespaces. False: errno says why there is none.
  bool settle(std::uint64_t flags);
  [[nodiscard]] Status wait_until_inside() const;
  // Lets it go, and reaps it.
  [[nodiscard]] Status leave() const;

 private:
  struct Pipe {
    Fd read, write;
  };
  Pipe ready_, release_;
  pid_t pid_ = -1;
};

}  // namespace nsbench::bench
