#include "suites/watchdog.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/wait_channel.h"

namespace nsbench {

struct Watchdog::Page {
  std::atomic<std::uint64_t> beats{0};
  std::array<char, 256> running{};
};

namespace {

constexpr int tick_ms = 1000;

// By a signal, or a debugger: not by the kernel.
bool is_stopped(pid_t pid) {
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", pid));
  const std::string state = status ? field_of(*status, "State") : "";
  return state.starts_with('T') || state.starts_with('t');
}

int bark(int watched, pid_t pid, std::chrono::seconds patience, const char* running) {
  const std::string where = wait_channel(pid);
  const std::string line =
      fmt::format("nsbench: the run hangs for {} s in the kernel{}{}, while {} ran; it is killed\n",
                  patience.count(), where.empty() ? "" : ", in ", where, running);
  static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) < 0);
  return calls::pidfd_send_signal(watched, SIGKILL) == 0 ? 0 : 1;
}

}  // namespace

Result<Watchdog> Watchdog::start(std::chrono::seconds patience) {
  void* const memory =
      ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Error::last("mmap(MAP_SHARED)");
  Watchdog dog;
  dog.page_ = new (memory) Page;
  const pid_t pid = ::getpid();
  const Fd watched(calls::pidfd_open(pid));
  if (!watched.valid()) return Error::last("pidfd_open(self)");
  Result<Child> process = Child::fork([&, page = dog.page_] {
    // A terminal's signals are the run's.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
    std::uint64_t heard = 0;
    // Seconds are counted, not read from a clock: who was stopped with the run, by a shell, finds
    // that none has passed.
    for (std::chrono::seconds silent{0}; silent < patience; ++silent) {
      pollfd gone{.fd = watched.get(), .events = POLLIN, .revents = 0};
      if (::poll(&gone, 1, tick_ms) > 0) return 0;
      const std::uint64_t beats = page->beats;
      if (std::exchange(heard, beats) != beats || is_stopped(pid))
        silent = std::chrono::seconds(-1);
    }
    return bark(watched.get(), pid, patience, page->running.data());
  });
  if (!process) return process.error();
  dog.process_ = std::move(*process);
  return dog;
}

Watchdog::Watchdog(Watchdog&& other) noexcept
    : page_(std::exchange(other.page_, nullptr)), process_(std::move(other.process_)) {}

Watchdog::~Watchdog() {
  process_.kill();
  if (page_ != nullptr) ::munmap(page_, sizeof(Page));
}

void Watchdog::beat() {
  if (page_ != nullptr) page_->beats.fetch_add(1);
}

void Watchdog::beat(std::string_view running) {
  if (page_ == nullptr) return;
  // Read when nothing writes any more.
  const std::size_t size = std::min(running.size(), page_->running.size() - 1);
  std::memcpy(page_->running.data(), running.data(), size);
  page_->running.at(size) = '\0';
  beat();
}

}  // namespace nsbench
