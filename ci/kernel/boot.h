// Boots a kernel, and brings out what nsbench found in there and what the console said.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ci/kernel/machine.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::kernel {

struct BootOptions {
  std::chrono::milliseconds timeout{1'800'000};  // for all of it
  std::chrono::milliseconds patience{120'000};   // until nsbench says its first word
  // Until the first byte on the console: a guest that dies before it can print, as on a KVM that
  // opens and does not work, is noticed by it.
  std::chrono::milliseconds silence{60'000};
  std::function<void(std::string_view)> on_console = [](std::string_view) {};
  std::function<void(const Report&)> on_part = [](const Report&) {};  // what is known so far
  const volatile std::sig_atomic_t* stop = nullptr;  // ends the machine; may be null
};

// What came of a boot.
struct Boot {
  Report report;                   // whatever arrived of it; splats, boot_seconds and taint entered
  bool any = false;                // whether nsbench said anything at all
  bool complete = false;           // the whole report arrived, and the machine was well until then
  std::optional<int> exit_status;  // nsbench's own in the guest
  // Where something is missing, a sentence that says what became of the machine.
  std::string trouble;
  std::vector<std::string> last_lines;  // of the console
};

// One boot as it goes on. Destroying it kills the machine.
class BootRun {
 public:
  // An Error: the machine could not be started. Whatever happens in it is part of the Boot.
  static Result<std::unique_ptr<BootRun>> start(const MachineSpec& spec, BootOptions options);
  virtual ~BootRun() = default;
  BootRun() = default;
  BootRun(const BootRun&) = delete;
  BootRun& operator=(const BootRun&) = delete;

  // Takes in what the machine has said since the last time; never waits. Whether it is over.
  virtual bool step() = 0;
  // Readable when there may be something to take in; -1: there is nothing to wait for.
  [[nodiscard]] virtual int fd() const = 0;
  // To be asked once it is over.
  virtual Boot take() = 0;
};

Result<Boot> boot(const MachineSpec& spec, const BootOptions& options);
// Boots all, `at_once` at the same time, and returns them in their order. What can't be started is
// an Error, and ends the others. What was to be started after options.stop was set has a trouble.
Result<std::vector<Boot>> boot_all(std::span<const MachineSpec> specs, std::size_t at_once,
                                   const BootOptions& options);

// KVM for an image that QEMU boots, if it carries this machine to nsbench's first word; Tcg and a
// note that says why where it does not. Uml for what boots itself. `stop` ends the trial.
struct Chosen {
  Engine engine = Engine::Tcg;
  std::string note;  // why not KVM
};
Chosen choose_engine(const MachineSpec& spec, const volatile std::sig_atomic_t* stop = nullptr);

}  // namespace nsbench::kernel
