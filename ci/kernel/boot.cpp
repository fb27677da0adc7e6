#include "ci/kernel/boot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "ci/kernel/console_watcher.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/elapsed.h"
#include "reports/received.h"

namespace nsbench::kernel {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t lines_kept = 40;
constexpr milliseconds powering_off{15'000};  // after the last word, or a panic
constexpr int tick_ms = 20;

class Booting final : public BootRun {
 public:
  Booting(std::unique_ptr<Machine> machine, BootOptions options)
      : machine_(std::move(machine)), options_(std::move(options)) {}

  bool step() override {
    if (done_) return true;
    look();
    trouble_ = what_is_wrong();
    if (trouble_.empty() && !over()) return false;
    is_stopped() ? machine_->let_go() : machine_->kill();
    look();
    done_ = true;
    return true;
  }
  [[nodiscard]] int fd() const override {
    return channel_open_ && !done_ ? machine_->channel() : -1;
  }
  Boot take() override { return conclude(); }

 private:
  static long seconds(milliseconds span) { return span.count() / 1000; }

  [[nodiscard]] bool is_stopped() const { return options_.stop != nullptr && *options_.stop != 0; }

  [[nodiscard]] std::string what_is_wrong() const {
    if (is_stopped()) return "was interrupted";
    if (whole_.passed()) return fmt::format("was not done after {} s", seconds(options_.timeout));
    if (!boot_.any && first_word_.passed()) {
      return fmt::format("did not get to nsbench within {} s", seconds(options_.patience));
    }
    if (!any_console_ && first_byte_.passed()) {
      return fmt::format("printed nothing for {} s", seconds(options_.silence));
    }
    return "";
  }

  // Ended by itself; or said its last word, or died, and then did not end in time.
  bool over() {
    if (machine_->ended()) return true;
    if (!received_.exit_status() && !watcher_.panicked()) return false;
    if (!ending_) ending_ = Deadline::in(powering_off);
    return ending_->passed();
  }

  void look() {
    read_channel();
    const std::string text = machine_->read_console();
    if (text.empty()) return;
    any_console_ = true;
    watcher_.feed(text);
    options_.on_console(text);
  }

  void read_channel() {
    std::array<char, 65536> block{};
    while (channel_open_) {
      pollfd ready{.fd = machine_->channel(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 0) <= 0) return;
      const ssize_t got = ::read(machine_->channel(), block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        channel_open_ = false;
        return;
      }
      if (!received_.feed({block.data(), static_cast<std::size_t>(got)})) continue;
      if (!std::exchange(boot_.any, true)) boot_seconds_ = seconds_since(start_);
      options_.on_part(received_.report());
    }
  }

  Boot conclude() {
    watcher_.finish();
    damage_ = received_.damage();
    boot_.complete = received_.complete();
    boot_.exit_status = received_.exit_status();
    boot_.report = received_.take();
    boot_.last_lines = watcher_.last_lines(lines_kept);
    KernelInfo& kernel = boot_.report.kernel;
    kernel.splats.insert(kernel.splats.end(), watcher_.splats().begin(), watcher_.splats().end());
    kernel.boot_seconds = boot_seconds_;
    if (watcher_.dropped() > 0) {
      boot_.report.warnings.push_back(
          {"splats-dropped",
           fmt::format("the console had {} more splats than are kept", watcher_.dropped())});
    }
    boot_.trouble = trouble();
    if (!boot_.complete) {
      boot_.report.run.interrupted = true;
      boot_.report.warnings.push_back({"guest-died", boot_.trouble});
    }
    return std::move(boot_);
  }

  // What the console's last lines, a backtrace, do not say any more.
  [[nodiscard]] std::string last_words() const {
    return watcher_.splats().empty() ? "" : ": " + headline(watcher_.splats().back());
  }

  std::string trouble() {
    if (boot_.complete) return "";
    if (!trouble_.empty()) return "the machine " + trouble_;
    if (watcher_.panicked()) return "the kernel panicked" + last_words();
    if (!damage_.empty()) return "the report did not come out whole: " + damage_.front();
    if (!any_console_) return fmt::format("the machine {} and printed nothing", machine_->fate());
    return fmt::format("the machine {} before {}", machine_->fate(),
                       boot_.any ? "the report was complete" : "nsbench ran");
  }

  std::unique_ptr<Machine> machine_;
  BootOptions options_;
  Deadline whole_ = Deadline::in(options_.timeout);
  Deadline first_word_ = Deadline::in(options_.patience);
  Deadline first_byte_ = Deadline::in(options_.silence);
  Clock::time_point start_ = Clock::now();
  Boot boot_;
  ConsoleWatcher watcher_;
  ReceivedReport received_;
  std::vector<std::string> damage_;
  std::optional<Deadline> ending_;
  double boot_seconds_ = 0;
  bool channel_open_ = true;
  bool any_console_ = false;
  bool done_ = false;
  std::string trouble_;
};

}  // namespace

Result<std::unique_ptr<BootRun>> BootRun::start(const MachineSpec& spec, BootOptions options) {
  Result<std::unique_ptr<Machine>> machine = Machine::start(spec);
  if (!machine) return machine.error();
  return std::unique_ptr<BootRun>(
      std::make_unique<Booting>(std::move(*machine), std::move(options)));
}

Result<Boot> boot(const MachineSpec& spec, const BootOptions& options) {
  Result<std::vector<Boot>> boots = boot_all({&spec, 1}, 1, options);
  if (!boots) return boots.error();
  return std::move(boots->front());
}

Result<std::vector<Boot>> boot_all(std::span<const MachineSpec> specs, std::size_t at_once,
                                   const BootOptions& options) {
  std::vector<std::optional<Boot>> boots(specs.size());
  std::vector<std::pair<std::size_t, std::unique_ptr<BootRun>>> running;
  std::size_t next = 0;
  const auto goes_on = [&] {
    return next < specs.size() && (options.stop == nullptr || *options.stop == 0);
  };
  while (goes_on() || !running.empty()) {
    while (goes_on() && running.size() < std::max<std::size_t>(at_once, 1)) {
      Result<std::unique_ptr<BootRun>> run = BootRun::start(specs[next], options);
      if (!run) return run.error();
      running.emplace_back(next++, std::move(*run));
    }
    std::vector<pollfd> waits;
    for (const auto& [index, run] : running) {
      waits.push_back({.fd = run->fd(), .events = POLLIN, .revents = 0});
    }
    ::poll(waits.data(), waits.size(), tick_ms);
    std::erase_if(running, [&boots](auto& one) {
      if (!one.second->step()) return false;
      boots[one.first] = one.second->take();
      return true;
    });
  }
  std::vector<Boot> all;
  for (std::optional<Boot>& one : boots) {
    if (!one) one.emplace().trouble = "the machine was not started: interrupted";
    all.push_back(std::move(*one));
  }
  return all;
}

Chosen choose_engine(const MachineSpec& spec, const volatile std::sig_atomic_t* stop) {
  if (spec.image.kind == ImageKind::Uml) return {Engine::Uml, ""};
  const Fd device(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!device.valid()) return {Engine::Tcg, Error::last("open(/dev/kvm)").str()};
  MachineSpec trial = spec;
  trial.engine = Engine::Kvm;
  trial.instructions = false;
  constexpr milliseconds enough{20'000};
  constexpr milliseconds silence{10'000};
  bool first_word = false;
  const Result<std::unique_ptr<BootRun>> tried =
      BootRun::start(trial, {.timeout = enough,
                             .patience = enough,
                             .silence = silence,
                             .on_console = [](std::string_view) {},
                             .on_part = [&first_word](const Report&) { first_word = true; },
                             .stop = stop});
  if (!tried) return {Engine::Tcg, tried.error().str()};
  while (!(*tried)->step() && !first_word) {
    pollfd more{.fd = (*tried)->fd(), .events = POLLIN, .revents = 0};
    ::poll(&more, 1, tick_ms);
  }
  if (first_word) return {Engine::Kvm, ""};
  const Boot came = (*tried)->take();
  std::string note = "under KVM " + came.trouble;
  if (!came.last_lines.empty()) note += ": " + came.last_lines.back();
  return {Engine::Tcg, note};
}

}  // namespace nsbench::kernel
