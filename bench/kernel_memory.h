// How much memory the kernel has for itself.
#pragma once

#include <string_view>

#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::bench {

class KernelMemory {
 public:
  // Before /proc is out of reach.
  Status open();
  // Of the whole machine, now. Where root may, the counters that CPUs keep for themselves are added
  // up first (/proc/sys/vm/stat_refresh); else up to half a megabyte a CPU may be missing.
  [[nodiscard]] Result<double> bytes() const;

 private:
  Fd meminfo_;
  Fd refresh_;
};

// The sum of what is the kernel's own in the text of /proc/meminfo, in bytes.
double kernel_bytes(std::string_view meminfo);

}  // namespace nsbench::bench
