#include "suites/siege/besieged.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"
#include "suites/siege/memory.h"

namespace nsbench::siege {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

Result<Fd> open_terminal() {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    return Error::last("posix_openpt");
  }
  return master;
}

void give_up_rights() {
  constexpr uid_t nobody = 65534;
  static_cast<void>(::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
                    ::setresuid(nobody, nobody, nobody) == 0);
}

[[noreturn]] void become(const How& how, const char* terminal, int err) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  int in = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  int out = in;
  if (how.terminal) {
    ::setsid();
    in = out = ::open(terminal, O_RDWR | O_CLOEXEC);
    ::ioctl(in, TIOCSCTTY, 0);
    err = out;
    ::setenv("TERM", "xterm", 1);
  } else {
    ::setpgid(0, 0);
  }
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  MemoryCgroup::offer_oneself();
  if (how.as_nobody) give_up_rights();
  std::vector<char*> words;
  for (const std::string& word : how.argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

}  // namespace

std::string End::str() const {
  return signal != 0 ? fmt::format("was killed by signal {}", signal)
                     : fmt::format("exited with {}", code);
}

Result<Besieged> Besieged::start(const How& how) {
  Besieged one;
  std::string name;
  if (how.terminal) {
    Result<Fd> master = open_terminal();
    if (!master) return master.error();
    one.terminal_ = std::move(*master);
    const char* const slave = ::ptsname(one.terminal_.get());
    if (slave == nullptr) return Error::last("ptsname");
    name = slave;
  }
  one.err_ = Fd(::memfd_create("err", MFD_CLOEXEC));
  if (!one.err_.valid()) return Error::last("memfd_create");
  one.pid_ = ::fork();
  if (one.pid_ < 0) return Error::last("fork");
  if (one.pid_ == 0) become(how, name.c_str(), one.err_.get());
  one.pidfd_ = Fd(calls::pidfd_open(one.pid_));
  if (!one.pidfd_.valid()) return Error::last("pidfd_open");
  return one;
}

void Besieged::read_terminal() {
  std::array<char, 65536> block{};
  if (::read(terminal_.get(), block.data(), block.size()) <= 0) terminal_.reset();
}

// The second number (Documentation/scheduler/sched-stats.rst), in nanoseconds; a zombie has it,
// too.
void Besieged::look_at_waiting() {
  const Result<std::string> stat = read_small_file(fmt::format("/proc/{}/schedstat", pid_));
  double ran = 0;
  double waited = 0;
  if (stat && std::istringstream(*stat) >> ran >> waited) waited_ = waited * 1e-9;
}

std::optional<End> Besieged::wait(milliseconds patience) {
  const Deadline deadline = Deadline::in(patience);
  for (;;) {
    std::array<pollfd, 2> waits{
        pollfd{.fd = pidfd_.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = terminal_.valid() ? terminal_.get() : -1, .events = POLLIN, .revents = 0}};
    constexpr int tick_ms = 50;
    ::poll(waits.data(), waits.size(), std::min(deadline.poll_ms(), tick_ms));
    if (waits[1].revents != 0) read_terminal();
    look_at_waiting();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      End end;
      if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
      constexpr std::size_t most = 4000;
      end.err.resize(most);
      const ssize_t got = ::pread(err_.get(), end.err.data(), most, 0);
      end.err.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      return end;
    }
    if (deadline.passed()) return std::nullopt;
  }
}

bool Besieged::listens_to(int signal) const {
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", pid_));
  if (!status) return false;
  const std::string caught = field_of(*status, "SigCgt");
  std::uint64_t bits = 0;
  std::from_chars(caught.data(), caught.data() + caught.size(), bits, 16);
  return (bits >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

void Besieged::send(int signal) const { ::kill(pid_, signal); }
void Besieged::send_to_group(int signal) const { ::kill(-pid_, signal); }

std::vector<pid_t> Besieged::descendants() const {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool is_pid = parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size();
    if (is_pid && pid != 1 && pid != pid_) found.push_back(pid);
  }
  return found;
}

}  // namespace nsbench::siege
