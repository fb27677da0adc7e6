// A process beside a run that ends it if the kernel does not let it go on: what makes an arena may
// hang in clone(2) itself, as on a kernel whose network namespaces are never torn down, and no
// deadline of the run's own is looked at then.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "probes/sandbox/child.h"
#include "reports/result.h"

namespace nsbench {

class Watchdog {
 public:
  // Watches the calling process, until that ends or the Watchdog is destroyed. If there was no
  // beat() for `patience`, it says on standard error what was running, and where in the kernel, and
  // sends SIGKILL: by which all that the process made is ended, too.
  static Result<Watchdog> start(std::chrono::seconds patience);

  Watchdog() = default;
  Watchdog(Watchdog&& other) noexcept;
  Watchdog& operator=(Watchdog&&) = delete;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  void beat();
  // The same, and what is tried now.
  void beat(std::string_view running);

 private:
  struct Page;
  Page* page_ = nullptr;  // shared with the process
  Child process_;
};

}  // namespace nsbench
