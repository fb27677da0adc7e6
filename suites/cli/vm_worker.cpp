#include "suites/cli/vm_worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "ci/kernel/console_watcher.h"
#include "ci/kernel/machine.h"
#include "probes/sandbox/serial_line.h"
#include "suites/cli/command.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"

namespace nsbench::cli {

namespace {

class MachineConnection final : public lockstep::Connection {
 public:
  MachineConnection(std::unique_ptr<kernel::Machine> machine, std::vector<Splat>& splats)
      : machine_(std::move(machine)), splats_(splats) {}
  MachineConnection(const MachineConnection&) = delete;
  MachineConnection& operator=(const MachineConnection&) = delete;
  ~MachineConnection() override {
    // It has said goodbye, and switches itself off.
    constexpr std::chrono::milliseconds powering_off{2000};
    if (!let_go_) machine_->wait(Deadline::in(powering_off));
    let_go_ ? machine_->let_go() : machine_->kill();
    watcher_.feed(machine_->read_console());
    watcher_.finish();
    splats_.insert(splats_.end(), watcher_.splats().begin(), watcher_.splats().end());
  }

  [[nodiscard]] int from_worker() const override { return machine_->channel(); }
  [[nodiscard]] int to_worker() const override { return machine_->channel(); }
  std::string fate() override {
    watcher_.feed(machine_->read_console());
    machine_->ended();
    const std::vector<std::string> last = watcher_.last_lines(1);
    return fmt::format("the machine {}{}", machine_->fate(),
                       last.empty() ? "" : "; its console ends with: " + last.front());
  }
  void let_go() override { let_go_ = true; }

 private:
  std::unique_ptr<kernel::Machine> machine_;
  std::vector<Splat>& splats_;
  kernel::ConsoleWatcher watcher_;
  bool let_go_ = false;
};

// Bytes from one to the other; false at the end of either.
bool hand_on(int from, int to) {
  std::array<char, 65536> block{};
  const ssize_t got = ::read(from, block.data(), block.size());
  if (got < 0) return errno == EINTR;
  return got > 0 && write_all(to, {block.data(), static_cast<std::size_t>(got)}).ok();
}

}  // namespace

lockstep::Connect connect_to_machine(const KernelUnderTest& kernel, bool instructions,
                                     std::vector<Splat>& splats) {
  return [&kernel, instructions, &splats]() -> Result<std::unique_ptr<lockstep::Connection>> {
    const Result<kernel::MachineSpec> spec = kernel.machine({"worker"}, instructions);
    if (!spec) return spec.error();
    Result<std::unique_ptr<kernel::Machine>> machine = kernel::Machine::start(*spec);
    if (!machine) return machine.error();
    return std::unique_ptr<lockstep::Connection>(
        std::make_unique<MachineConnection>(std::move(*machine), splats));
  };
}

ExitCode run_vm_worker(const KernelOptions& options, const MachineOptions& machine) {
  keep_rights_of_harness();
  const auto* const stop = stop_on_signals();
  const Result<KernelUnderTest> kernel = KernelUnderTest::prepare(options, machine, stop);
  if (!kernel) {
    complain(kernel.error().str());
    return ExitCode::Usage;
  }
  std::vector<Splat> splats;
  Result<std::unique_ptr<lockstep::Connection>> guest =
      connect_to_machine(*kernel, machine.clock == "instructions", splats)();
  if (!guest) {
    complain(guest.error().str());
    return ExitCode::Usage;
  }
  std::array<pollfd, 2> waits{
      pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
      pollfd{.fd = (*guest)->from_worker(), .events = POLLIN, .revents = 0}};
  while (*stop == 0) {
    constexpr int tick_ms = 250;  // a signal may come just before the waiting
    if (::poll(waits.data(), waits.size(), tick_ms) <= 0) continue;
    if (waits[1].revents != 0 && !hand_on(waits[1].fd, STDOUT_FILENO)) break;
    if (waits[0].revents != 0 && !hand_on(STDIN_FILENO, (*guest)->to_worker())) break;
  }
  if (*stop != 0) (*guest)->let_go();
  guest->reset();
  for (const Splat& splat : splats) complain(fmt::format("{}: {}", splat.kind, splat.excerpt));
  return splats.empty() ? ExitCode::Ok : ExitCode::Failed;
}

}  // namespace nsbench::cli
